"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Measure = Callable[[Tensor, Tensor | None], float]
"""From restored frames and their ground truth, both (T, 3, H, W), uint8, RGB, to a figure.

Raises:
    UnavailableError: these frames have no such figure.
"""


def over_pairs(distance: Callable[[Tensor, Tensor], float]) -> Measure:
    """The mean distance of restored frames, (3, H, W), from the ground truth's."""

    def measure(restored: Tensor, truth: Tensor | None) -> float:
        assert truth is not None
        return sum(distance(*pair) for pair in zip(restored, truth, strict=True)) / len(truth)

    return measure


def over_frames(quality: Callable[[Tensor], float]) -> Measure:
    """The mean quality of restored frames, (3, H, W)."""

    def measure(restored: Tensor, truth: Tensor | None) -> float:
        return sum(map(quality, restored)) / len(restored)

    return measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric and how to come by it.

    Attributes:
        name: what users call it.
        title: heads its column; says the unit, where there is one.
        better: which way is better.
        of: `truth` compares with the ground truth; `clip` can do without.
        load: makes it ready on a device (`cpu`, `cuda:0`), which only networks use; raises UnavailableError
            where it cannot be had.
        digits: behind the point, in tables for people.
    """

    name: str
    title: str
    better: Literal["higher", "lower"]
    of: Literal["truth", "clip"]
    load: Callable[[str], Measure]
    digits: int = 3
