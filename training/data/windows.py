"""Overlapping square windows that pictures are cut into (specification, section 7.1)."""

from __future__ import annotations

from typing import NamedTuple

SMALLEST_SIDE = 256
"""Smallest side of a picture that is smaller than the window, in pixels: that of training's ground truth."""


class Window(NamedTuple):
    """A rectangle of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


def windows(height: int, width: int, size: int, step: int) -> tuple[Window, ...]:
    """Return the windows of a picture, row by row.

    Args:
        height: height of the picture.
        width: width of the picture.
        size: side of the windows. If a side of the picture is smaller, the window has that side.
        step: distance between windows. If the last one does not reach the edge, one more is added there.

    Returns:
        The windows; none if a side of the picture is smaller than both `size` and `SMALLEST_SIDE`.
    """
    if min(height, width) < min(size, SMALLEST_SIDE):
        return ()
    return tuple(
        Window(top, left, min(size, height), min(size, width))
        for top in _starts(height, size, step)
        for left in _starts(width, size, step)
    )


def _starts(length: int, size: int, step: int) -> list[int]:
    last = max(length - size, 0)
    starts = list(range(0, last + 1, step))
    return starts if starts[-1] == last else [*starts, last]
