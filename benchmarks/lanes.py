"""Distribution of work over several simulated devices, which sleep instead of computing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.engine import CleanedFrame, Lanes, Restorer
from vsrealbasicvsr.engine.steps import BeforeStep, Motion
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window

_SHARES = {"clean": 0.226, "motion": 0.104, "step": 0.231, "reconstruct": 0.208}
"""Shares of a frame's time by the specification 10.1: one cleaning pass, the motion of a pair in both
directions, one step
of either propagation pass, and reconstruction."""


class _SleepingRestorer(Restorer):
    """A restorer that sleeps for the time of each part."""

    def __init__(self, case: Case, seconds: float) -> None:
        settings = Settings(device="cpu", window=case.window, margin=case.margin)
        super().__init__(case.network(), settings)
        self._seconds = seconds

    def clean(
        self, frames: Sequence[Tensor], numbers: Sequence[int], size: torch.Size | None = None
    ) -> list[CleanedFrame]:
        for _ in frames:
            self._sleep("clean")
        return [CleanedFrame(frame[None], 1, 0.0) for frame in frames]

    def motions(self, pairs: Sequence[tuple[CleanedFrame, CleanedFrame]]) -> list[Motion]:
        for _ in pairs:
            self._sleep("motion")
        return [Motion(*torch.zeros(2, 1, 2, *first.picture.shape[-2:])) for first, _ in pairs]

    def restore(
        self,
        cleaned: Sequence[CleanedFrame],
        motions: Sequence[Motion | None],
        window: Window,
        before_step: BeforeStep | None = None,
        *,
        strengths: Sequence[float] = (),
    ) -> Iterator[Tensor]:
        backward, margin = window.stop - window.core_start, window.core_start - window.start
        for _ in range(backward + margin):
            self._sleep("step")
        for n in range(window.core_start, window.core_stop):
            self._sleep("step")
            for _ in strengths or (1.0,):
                self._sleep("reconstruct")
                yield cleaned[n - window.start].picture[0]

    def _sleep(self, part: str) -> None:
        time.sleep(_SHARES[part] * self._seconds)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds for the whole clip, with one device and with several."""

    one: float
    several: float
    speedup: float
    """Seconds of one device divided by those of several; ideally the number of devices."""


def measure_spread(case: Case, count: int, seconds: float) -> Spread:
    """Stream a clip with one simulated device, then with several.

    Args:
        case: the clip, the window and its margin.
        count: number of simulated devices, two or more.
        seconds: seconds of a frame on one device, without margins.
    """
    frames = list(case.clip())
    single = _seconds(_SleepingRestorer(case, seconds), frames)
    several = _seconds(Lanes([_SleepingRestorer(case, seconds) for _ in range(count)]), frames)
    return Spread(single, several, single / several)


def _seconds(restorer: Restorer | Lanes, frames: Sequence[Tensor]) -> float:
    started = time.perf_counter()
    for _ in restorer.stream(frames):
        pass
    return time.perf_counter() - started
