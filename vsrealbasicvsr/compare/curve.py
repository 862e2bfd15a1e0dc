"""How far the sources lie apart over the whole clip."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

_POINTS = 2000  # of the plot at most, whatever the clip's length


class Curve:
    """Differences of a whole clip, and which frames of the first source they belong to.

    Args:
        others: How many sources are measured against the first.
        size: Width and height in pixels at which is measured.

    Attributes:
        size: As given.
        numbers: The first source's frames, rising.
    """

    def __init__(self, others: int, size: tuple[int, int]) -> None:
        self.size = size
        self.numbers: array[int] = array("q")
        self._values: list[array[float]] = [array("f") for _ in range(others)]

    def add(self, number: int, differences: Sequence[float]) -> None:
        """Note the difference of each other source at a frame of the first."""
        self.numbers.append(number)
        for values, difference in zip(self._values, differences, strict=True):
            values.append(difference)

    def largest(self) -> list[float]:
        """Of each frame over all sources."""
        return [max(values) for values in zip(*self._values, strict=True)]

    def points(self) -> dict[str, Any]:
        """For the plot: numbers, and a list of values for each source; of a long clip the peaks."""
        step = max(1, -(-len(self.numbers) // _POINTS))
        starts = range(0, len(self.numbers), step)
        return {
            "numbers": [self.numbers[start] for start in starts],
            "values": [[round(max(v[start : start + step]), 3) for start in starts] for v in self._values],
            "step": step,
        }

    def at(self, number: int) -> list[float]:
        """Of each other source at a frame of the first that was measured."""
        place = self.numbers.index(number)
        return [round(values[place], 3) for values in self._values]
