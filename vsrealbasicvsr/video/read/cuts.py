"""Scene-cut detection on decoded frames."""

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
    """Any object with a decoded frame."""

    @property
    def picture(self) -> VideoFrame:
        """The decoded frame."""


def find_cuts[Frame: Pictured](
    frames: Iterable[Frame], *, threshold: float = DEFAULT_THRESHOLD
) -> Iterator[tuple[Frame, bool]]:
    """Yield each frame, in order, with True if it starts a new shot (see `vsrealbasicvsr.cuts.starts_shot`).

    Holds the next two frames after the one that it yields.

    Args:
        frames: The frames in order of time.
        threshold: Rise of the difference, in percent of the brightness range, from which it is a cut.
    """
    shrink = Shrinker()
    waiting: deque[Frame] = deque()
    small: dict[int, NDArray[np.float32]] = {}
    number = 0

    def next_frame() -> tuple[Frame, bool]:
        nonlocal number
        is_cut = starts_shot(small, number, threshold)
        small.pop(number - BEFORE, None)
        number += 1
        return waiting.popleft(), is_cut

    for n, frame in enumerate(frames):
        waiting.append(frame)
        small[n] = shrink(frame.picture)
        if len(waiting) > AFTER:
            yield next_frame()
    while waiting:
        yield next_frame()


class Shrinker:
    """Makes small copies of frames: the brightness, in percent of its range."""

    def __init__(self) -> None:
        options = f"w='min(iw,{SMALL_WIDTH})':h='max(1,min(iw,{SMALL_WIDTH})*ih/iw)':flags=area"
        self._chain = FilterChain(("scale", options), ("format", "gray"), time_base=Fraction(1))

    def __call__(self, picture: VideoFrame) -> NDArray[np.float32]:
        """Return a copy (h, w), float32, of the size of `vsrealbasicvsr.cuts.small_size`."""
        (small,) = self._chain.push(picture)
        return in_percent(small.to_ndarray())
