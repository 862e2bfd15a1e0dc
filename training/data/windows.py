"""The overlapping square windows that pictures are cut into (SPEC 7.1)."""

from __future__ import annotations

from typing import NamedTuple

SMALLEST_SIDE = 256
"""Of a picture below the window's size, in pixels: the side of the ground truth in training."""


class Window(NamedTuple):
    """A rectangle of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


def windows(height: int, width: int, size: int, step: int) -> tuple[Window, ...]:
    """The windows of a picture, rows outer.

    Args:
        height: of the picture.
        width: likewise.
        size: side of the windows; a side of the picture below it is taken whole.
        step: from one to the next; one more is flush with the end if something is left over.

    Returns:
        None at all if a side of the picture is below both `size` and `SMALLEST_SIDE`.
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
