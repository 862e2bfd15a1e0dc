"""The rule that divides a job into segments. It decides as frames arrive, and the same way in every run."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST, _AT_PIXELS, _SHORTEST_AUTOMATIC = 240, 640 * 360, 48
"""Largest number of frames of a segment; source pixels of a picture above which segments get shorter; and the
smallest number that is chosen for large pictures."""
_CUTS_FROM = 10
"""A cut ends a segment that has at least this part (a tenth) of the largest length."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames start..stop of the source, `stop` exclusive, which are encoded separately."""

    start: int
    stop: int

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.stop - self.start


def longest_segment(length: int, width: int, height: int) -> int:
    """Return the number of frames after which a segment ends at the next possible place.

    Args:
        length: The user's number; 0 chooses one, so that an interrupted job loses minutes and not hours.
        width: Width of the source's pictures in pixels.
        height: Height of the source's pictures in pixels.
    """
    if length:
        return length
    return min(_LONGEST, max(_SHORTEST_AUTOMATIC, _LONGEST * _AT_PIXELS // (width * height)))


class SegmentRule:
    """Decides for each frame, in order, whether a segment starts with it.

    A segment ends at a scene cut, unless the segment is very short. In a long shot it ends where a window of
    the fixed grid begins, so that its frames are the same as without segments. With `window=0` it ends only
    at cuts.

    Args:
        longest: Number of frames after which a segment ends where the next window starts.
        window: The setting `window`.
    """

    def __init__(self, longest: int, window: int) -> None:
        self._longest, self._window = longest, window
        self._shortest = max(1, longest // _CUTS_FROM)
        self._start = 0

    def starts(self, number: int, cut: bool) -> bool:
        """Return whether a segment starts with this frame; `cut`: a shot starts with it."""
        length = number - self._start
        at_cut = cut and length >= self._shortest
        on_grid = self._window > 0 and number % self._window == 0 and length >= self._longest
        if number and not at_cut and not on_grid:
            return False
        self._start = number
        return True
