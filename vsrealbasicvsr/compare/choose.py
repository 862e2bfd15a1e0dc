"""Which frames tell most of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def greatest(figures: Sequence[float], count: int) -> tuple[int, ...]:
    """Cut a clip into `count` sections of equal length, and take from each the frame of the greatest figure.

    Args:
        figures: One for each frame, in order.
        count: How many to take; no more than there are.

    Returns:
        Places in `figures`, rising.
    """
    total = len(figures)
    count = min(count, total)
    bounds = [total * section // count for section in range(count + 1)] if count else [0]
    sections = [range(start, end) for start, end in pairwise(bounds)]
    return tuple(max(section, key=lambda place: figures[place]) for section in sections)
