"""Scene cuts of decoded frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Protocol

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsrealbasicvsr.cuts import AFTER, BEFORE, DEFAULT_THRESHOLD, SMALL_WIDTH, in_percent, starts_shot
from vsrealbasicvsr.video.filter_chain import FilterChain


class Pictured(Protocol):
    """A frame of some kind."""

    @property
    def picture(self) -> VideoFrame:
        """As decoded."""


def find_cuts[Frame: Pictured](
    frames: Iterable[Frame], *, threshold: float = DEFAULT_THRESHOLD
) -> Iterator[tuple[Frame, bool]]:
    """Tell for each frame, in order, whether it starts a new shot (see `vsrealbasicvsr.cuts.starts_shot`).

    Holds two frames more than it has yielded.

    Args:
        frames: In order of time.
        threshold: Percent of the brightness range from which a rise of the difference is a cut.
    """
    shrink = Shrinker()
    waiting: deque[Frame] = deque()
    small: dict[int, NDArray[np.float32]] = {}
    number = 0

    def judged() -> tuple[Frame, bool]:
        nonlocal number
        verdict = starts_shot(small, number, threshold)
        small.pop(number - BEFORE, None)
        number += 1
        return waiting.popleft(), verdict

    for n, frame in enumerate(frames):
        waiting.append(frame)
        small[n] = shrink(frame.picture)
        if len(waiting) > AFTER:
            yield judged()
    while waiting:
        yield judged()


class Shrinker:
    """Small copies of pictures: brightness, in percent of its range."""

    def __init__(self) -> None:
        options = f"w='min(iw,{SMALL_WIDTH})':h='max(1,min(iw,{SMALL_WIDTH})*ih/iw)':flags=area"
        self._chain = FilterChain(("scale", options), ("format", "gray"), time_base=Fraction(1))

    def __call__(self, picture: VideoFrame) -> NDArray[np.float32]:
        """A copy of `vsrealbasicvsr.cuts.small_size`: (h, w), float32."""
        (small,) = self._chain.push(picture)
        return in_percent(small.to_ndarray())
