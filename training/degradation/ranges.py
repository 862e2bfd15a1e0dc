"""Common types of the degradation options: bounds of random walks, and the kind of walk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from training.options import require

RandomWalk = Literal["independent"] | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A parameter's bounds and its largest step from frame to frame."""

    low: float
    high: float
    step: float = 0.0

    def __post_init__(self) -> None:
        require(
            math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high,
            f"A range must go from a low to a high number, not from {self.low} to {self.high}.",
        )
        require(
            math.isfinite(self.step) and self.step >= 0,
            f"The step of a range must be 0 or more, not {self.step}.",
        )
