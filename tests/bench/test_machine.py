"""Reports name the machine so that figures of two machines cannot be taken for each other's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from vsrealbasicvsr.bench import machine as told
from vsrealbasicvsr.bench.machine import machine

CPUINFO = Path("/proc/cpuinfo")


def test_the_processor_is_called_by_its_name() -> None:
    on = machine("cpu")
    assert on["device"] == on["processor"] not in ("", "cpu")
    lines = CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.exists() else []
    names = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
    assert not names or on["processor"] in names
    assert (on["torch"], on["threads"]) == (torch.__version__, torch.get_num_threads())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux keeps a process to some cores")
def test_cores_are_those_that_the_process_may_use() -> None:
    code = (
        "import json, os, torch; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from vsrealbasicvsr.bench.machine import machine; print(json.dumps(machine('cpu')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    on: dict[str, Any] = json.loads(done.stdout)
    assert on["cores"] == 1


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 2024", "550.54.15"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build", "570.124.06"),
        ("GCC version:  gcc version 12.3.0", "unknown"),
    ],
)  # fmt: skip
def test_the_drivers_version_is_read_where_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, version: str
) -> None:
    (tmp_path / "version").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.setattr(told, "_DRIVER", tmp_path / "version")
    assert told._driver() == version
