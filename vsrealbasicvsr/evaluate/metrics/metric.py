"""The type of a metric, and measures that average over frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Measure = Callable[[Tensor, Tensor | None], float]
"""A function of restored frames and their ground truth, both (T, 3, H, W), uint8, RGB; returns a figure.

Raises:
    UnavailableError: the figure cannot be computed for these frames.
"""


def over_pairs(distance: Callable[[Tensor, Tensor], float]) -> Measure:
    """Return a measure: the mean distance of the restored frames, (3, H, W), from the ground truth's."""

    def measure(restored: Tensor, truth: Tensor | None) -> float:
        assert truth is not None
        return sum(distance(*pair) for pair in zip(restored, truth, strict=True)) / len(truth)

    return measure


def over_frames(quality: Callable[[Tensor], float]) -> Measure:
    """Return a measure: the mean quality of the restored frames, (3, H, W)."""

    def measure(restored: Tensor, truth: Tensor | None) -> float:
        return sum(map(quality, restored)) / len(restored)

    return measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric and the function that loads it.

    Attributes:
        name: the name for users.
        title: the head of its column, with the unit if there is one.
        better: whether higher or lower figures are better.
        of: `truth` compares with the ground truth; `clip` works without it.
        load: prepares the metric for a device (`cpu`, `cuda:0`), which only networks use; raises
            UnavailableError if the metric is not available.
        digits: number of decimal places in tables for people.
    """

    name: str
    title: str
    better: Literal["higher", "lower"]
    of: Literal["truth", "clip"]
    load: Callable[[str], Measure]
    digits: int = 3
