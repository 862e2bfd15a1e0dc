"""How work spreads over several devices, simulated: each takes its time without computing anything."""

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
"""Of a frame's time by SPEC 10.1, for one pass of cleaning, a pair in both directions, one step of either
pass, and reconstruction."""


class _Pretender(Restorer):
    """Sleeps for as long as each part takes."""

    def __init__(self, case: Case, seconds: float) -> None:
        settings = Settings(device="cpu", window=case.window, margin=case.margin)
        super().__init__(case.network(), settings)
        self._seconds = seconds

    def clean(
        self, frames: Sequence[Tensor], numbers: Sequence[int], size: torch.Size | None = None
    ) -> list[CleanedFrame]:
        for _ in frames:
            self._pass("clean")
        return [CleanedFrame(frame[None], 1, 0.0) for frame in frames]

    def motions(self, pairs: Sequence[tuple[CleanedFrame, CleanedFrame]]) -> list[Motion]:
        for _ in pairs:
            self._pass("motion")
        return [Motion(*torch.zeros(2, 1, 2, *one.picture.shape[-2:])) for one, _ in pairs]

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
            self._pass("step")
        for n in range(window.core_start, window.core_stop):
            self._pass("step")
            for _ in strengths or (1.0,):
                self._pass("reconstruct")
                yield cleaned[n - window.start].picture[0]

    def _pass(self, part: str) -> None:
        time.sleep(_SHARES[part] * self._seconds)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds for the whole clip."""

    one: float
    several: float
    speedup: float
    """Of several over one; their number would be perfect."""


def measure_spread(case: Case, count: int, seconds: float) -> Spread:
    """Stream a clip with one pretended device, then with several.

    Args:
        case: the clip, the window and its margin.
        count: pretended devices, two or more.
        seconds: of a frame on one of them, without margins.
    """
    frames = list(case.clip())
    one = _seconds(_Pretender(case, seconds), frames)
    several = _seconds(Lanes([_Pretender(case, seconds) for _ in range(count)]), frames)
    return Spread(one, several, one / several)


def _seconds(restorer: Restorer | Lanes, frames: Sequence[Tensor]) -> float:
    started = time.perf_counter()
    for _ in restorer.stream(frames):
        pass
    return time.perf_counter() - started
