"""Peak memory of streams: a long clip must need no more than a short one.

This module does not import torch: on Linux a process starts with the peak of its parent process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak resident memory of two processes, in bytes."""

    short: int
    long: int
    ratio: float
    """Long divided by short; the promise for 300 and 100 frames is at most 1.05."""
    machine: Mapping[str, str | int]


def measure_memory(case: Mapping[str, int], short: int, long: int) -> Memory:
    """Stream two clips that differ only in length, each in a new process on the CPU.

    Args:
        case: the fields of `vsrealbasicvsr.bench.case.Case`, except `frames`.
        short: number of frames of one clip.
        long: number of frames of the other.
    """
    first, second = (_peak({**case, "frames": frames}) for frames in (short, long))
    ratio = second["bytes"] / first["bytes"]
    return Memory(first["bytes"], second["bytes"], ratio, first["machine"])


def _peak(case: Mapping[str, int]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.peak", json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report
