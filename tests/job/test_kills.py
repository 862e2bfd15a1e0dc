"""kill -9 anywhere: the same command ends with the same file. `tests/job/kills.py` says how it is tried."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("kills", "workers"), [(15, 0), (3, 2)])
def test_killed_jobs_end_as_undisturbed_ones(kills: int, workers: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.job.kills", "--kills", str(kills), "--workers", str(workers)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"] >= kills
