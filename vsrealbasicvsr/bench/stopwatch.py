"""Timing of work on a device."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

_LEAST = 0.5  # minimum seconds of all calls together
_TIMES = 3  # minimum number of calls


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the wall time of one call, until the device is idle again."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def best_seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the shortest time of several calls: at least three and half a second, after an untimed call."""
    work()
    times = [seconds(work, device)]
    while len(times) < _TIMES or sum(times) < _LEAST:
        times.append(seconds(work, device))
    return min(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
