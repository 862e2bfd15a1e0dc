"""The benchmarks of jobs end with complete reports; what they measure is not judged here."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.jobs import Sleeper
from vsrealbasicvsr.settings import Settings

SMALL = ("--frames", "24", "--shot", "10", "--size", "48x32", "--window", "4", "--margin", "1")


def report(tmp_path: Path, *words: str) -> dict[str, Any]:
    target = tmp_path / "report.json"
    done = CliRunner().invoke(main, ["jobs", *words, "--json", str(target)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "ratio" in done.stdout
    loaded: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("work", [("--seconds", "0.001"), ("--compute",)])
def test_what_a_job_adds_is_reported(tmp_path: Path, work: tuple[str, ...]) -> None:
    result = report(tmp_path, "overhead", *SMALL, "--rounds", "1", "--folder", str(tmp_path), *work)["result"]
    plain, job = (sum(result[side].values()) for side in ("plain", "job"))
    assert result["overhead"] == pytest.approx(job / plain - 1)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_workers_are_reported_and_one_is_killed(tmp_path: Path) -> None:
    saved = report(tmp_path, "spread", *SMALL, "--segment-length", "4", "--seconds", "0.02")
    result = saved["result"]
    assert saved["case"]["where"] == "processes"
    assert result["speedup"] == pytest.approx(result["one"] / result["several"])
    assert result["segments"] >= 6
    assert result["equal"] is True


def test_a_sleeper_is_a_restorer_that_survives_a_journey() -> None:
    sleeper = Sleeper(0.0)
    assert pickle.loads(pickle.dumps(sleeper)) == sleeper
    frames = torch.rand(4, 3, 2, 5, generator=torch.Generator().manual_seed(0))
    cleaned: list[int] = []
    stream = sleeper(Settings()).stream(
        frames, on_cleaned=lambda n, _: cleaned.append(n), first=6, core_start=8
    )
    restored = torch.stack(list(stream))
    assert cleaned == [6, 7, 8, 9]
    assert torch.equal(restored, torch.kron(frames[2:], torch.ones(4, 4)))
