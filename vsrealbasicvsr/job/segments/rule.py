"""Where a job is cut into segments: the same places in every run, known as frames arrive."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST, _AT_PIXELS, _SHORTEST_AUTOMATIC = 240, 640 * 360, 48
"""Frames of a segment; pictures larger than this many source pixels get shorter ones, down to the last."""
_CUTS_FROM = 10
"""A cut ends a segment that has a tenth of the greatest length."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames start..stop of the source, `stop` exclusive, encoded on their own."""

    start: int
    stop: int

    @property
    def frames(self) -> int:
        """Their number."""
        return self.stop - self.start


def longest_segment(length: int, width: int, height: int) -> int:
    """Frames of a segment at most, up to the next place where it can end.

    Args:
        length: As asked for; 0 chooses, so that an interrupted job loses minutes rather than hours.
        width: Of the source's pictures, in pixels.
        height: Likewise.
    """
    if length:
        return length
    return min(_LONGEST, max(_SHORTEST_AUTOMATIC, _LONGEST * _AT_PIXELS // (width * height)))


class SegmentRule:
    """Tells of each frame in order whether a segment starts with it.

    A segment ends at a scene cut, unless it is very short, and in a long shot where a window of the fixed
    grid begins, so that its frames are the same as without segments; with `window=0` at cuts only.

    Args:
        longest: Frames after which a segment ends where the next window starts.
        window: The setting.
    """

    def __init__(self, longest: int, window: int) -> None:
        self._longest, self._window = longest, window
        self._shortest = max(1, longest // _CUTS_FROM)
        self._start = 0

    def starts(self, number: int, cut: bool) -> bool:
        """Whether a segment starts with this frame; `cut`: a shot does."""
        length = number - self._start
        at_cut = cut and length >= self._shortest
        on_grid = self._window > 0 and number % self._window == 0 and length >= self._longest
        if number and not at_cut and not on_grid:
            return False
        self._start = number
        return True
