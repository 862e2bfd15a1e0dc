"""What is known of every frame over the whole clip."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

_POINTS = 2000  # of the plot at most, whatever the clip's length
_WORST: dict[str, Callable[[Iterable[float]], float]] = {
    "difference": max,
    "psnr": min,
    "passes": max,
    "residue": max,
}
"""What stands for several frames in a plot that has no room for each."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one source's frame; None is not known.

    Attributes:
        difference: Mean absolute difference from the first source, of the steps from 0 to 255.
        psnr: Decibels, against the first source, 100 at most.
        passes: Cleaning passes.
        residue: Mean absolute change by the last of them, 0-255.
    """

    difference: float | None = None
    psnr: float | None = None
    passes: int | None = None
    residue: float | None = None


class Curve:
    """Figures of a whole clip, and which frames of the first source they belong to.

    Args:
        sources: How many there are, the first included.
        size: Width and height in pixels at which is measured.

    Attributes:
        size: As given.
        numbers: The first source's frames, rising.
    """

    def __init__(self, sources: int, size: tuple[int, int]) -> None:
        self.size = size
        self.numbers: array[int] = array("q")
        self._series = {name: [array("f") for _ in range(sources)] for name in _WORST}

    def add(self, number: int, figures: Sequence[Figures]) -> None:
        """Note each source's figures at a frame of the first."""
        self.numbers.append(number)
        for place, one in enumerate(figures):
            for columns, value in zip(self._series.values(), astuple(one), strict=True):
                columns[place].append(math.nan if value is None else value)

    def largest(self) -> list[float]:
        """The difference of each frame over all sources."""
        _, *others = self._series["difference"]
        return [max(values) for values in zip(*others, strict=True)]

    def lowest(self) -> list[float] | None:
        """The PSNR of each frame, the worst source's; None where sources are of different sizes."""
        known = [column for column in self._series["psnr"] if not any(map(math.isnan, column))]
        return [min(values) for values in zip(*known, strict=True)] if known else None

    def points(self) -> dict[str, Any]:
        """For the plot, of a long clip the worst of several frames.

        Returns:
            Numbers of frames, how many frames a point stands for, and the series of which anything is known,
                by name: for each source a value at each point, or None where nothing is known.
        """
        step = max(1, -(-len(self.numbers) // _POINTS))
        series = {
            name: [_thinned(column, step, _WORST[name]) for column in columns]
            for name, columns in self._series.items()
        }
        return {
            "numbers": list(self.numbers[::step]),
            "step": step,
            "series": {name: found for name, found in series.items() if any(found)},
        }

    def differences(self, number: int) -> list[float]:
        """Of each other source at a frame of the first that was measured."""
        place = self.numbers.index(number)
        return [round(values[place], 3) for values in self._series["difference"][1:]]


def _thinned(
    column: Sequence[float], step: int, worst: Callable[[Iterable[float]], float]
) -> list[float | None] | None:
    """One value for each `step`; None where none of them is known, or of no frame at all."""
    known = (
        [value for value in column[start : start + step] if not math.isnan(value)]
        for start in range(0, len(column), step)
    )
    points = [round(worst(values), 3) if values else None for values in known]
    return None if all(point is None for point in points) else points
