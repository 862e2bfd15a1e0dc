"""How long something takes on a device."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

_LEAST = 0.5  # seconds that are spent on one figure
_TIMES = 3


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time of one call, until the device is idle again."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def best_seconds(work: Callable[[], object], device: torch.device) -> float:
    """The shortest of several calls, after one that is not counted: three, or half a second of them."""
    work()
    times = [seconds(work, device)]
    while len(times) < _TIMES or sum(times) < _LEAST:
        times.append(seconds(work, device))
    return min(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
