"""Measures of every frame of a clip, and their points in the page's plot."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

_POINTS = 2000  # maximum number of points in the plot
_WORST: dict[str, Callable[[Iterable[float]], float]] = {
    "difference": max,
    "psnr": min,
    "passes": max,
    "residue": max,
}
"""How one value represents several frames, in a plot that has no room for each frame."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The measures of one frame of one source; None where a value is unknown.

    Attributes:
        difference: Mean absolute difference from the first source, on the 0-255 scale.
        psnr: PSNR against the first source, in decibels, at most 100.
        passes: Number of cleaning passes.
        residue: Mean absolute change by the last cleaning pass, on the 0-255 scale.
    """

    difference: float | None = None
    psnr: float | None = None
    passes: int | None = None
    residue: float | None = None


class Curve:
    """Measures of a whole clip, and the frames of the first source that they belong to.

    Args:
        sources: Number of sources, including the first.
        size: Width and height in pixels at which frames are measured.

    Attributes:
        size: The argument `size`.
        numbers: Frame numbers of the first source, rising.
    """

    def __init__(self, sources: int, size: tuple[int, int]) -> None:
        self.size = size
        self.numbers: array[int] = array("q")
        self._series = {name: [array("f") for _ in range(sources)] for name in _WORST}

    def add(self, number: int, figures: Sequence[Figures]) -> None:
        """Append the measures of each source at one frame of the first source."""
        self.numbers.append(number)
        for place, source_figures in enumerate(figures):
            for columns, value in zip(self._series.values(), astuple(source_figures), strict=True):
                columns[place].append(math.nan if value is None else value)

    def largest(self) -> list[float]:
        """Return the largest difference of each frame over all sources."""
        _, *others = self._series["difference"]
        return [max(values) for values in zip(*others, strict=True)]

    def lowest(self) -> list[float] | None:
        """Return the lowest PSNR of each frame; None if no other source has the size of the first."""
        known = [column for column in self._series["psnr"] if not any(map(math.isnan, column))]
        return [min(values) for values in zip(*known, strict=True)] if known else None

    def points(self) -> dict[str, Any]:
        """Return the points of the plot; in a long clip a point is the worst of several frames.

        Returns:
            The frame numbers of the points, the number of frames for each point, and the series by name,
                without those that are unknown. A series holds for each source its values at the points, or
                None if the source has no known value.
        """
        step = max(1, -(-len(self.numbers) // _POINTS))
        series = {
            name: [_thinned(column, step, _WORST[name]) for column in columns]
            for name, columns in self._series.items()
        }
        return {
            "numbers": list(self.numbers[::step]),
            "step": step,
            "series": {name: columns for name, columns in series.items() if any(columns)},
        }

    def differences(self, number: int) -> list[float]:
        """Return the difference of each other source at a measured frame of the first source."""
        place = self.numbers.index(number)
        return [round(values[place], 3) for values in self._series["difference"][1:]]


def _thinned(
    column: Sequence[float], step: int, worst: Callable[[Iterable[float]], float]
) -> list[float | None] | None:
    """Return one value for each `step` frames, None where all are unknown; or None if nothing is known."""
    known = (
        [value for value in column[start : start + step] if not math.isnan(value)]
        for start in range(0, len(column), step)
    )
    points = [round(worst(values), 3) if values else None for values in known]
    return None if all(point is None for point in points) else points
