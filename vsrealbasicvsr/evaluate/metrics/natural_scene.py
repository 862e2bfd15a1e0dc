"""Statistics of natural scenes that NIQE and BRISQUE share (Mittal et al., 2012 and 2013)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def normalised(luma: Tensor, window: Tensor, border: Literal["replicate", "reflect"]) -> Tensor:
    """Luma less its local mean, over its local deviation and one.

    Args:
        luma: (H, W), float64, 0 to 255.
        window: (7, 7), sums to one.
        border: what lies beyond the picture.
    """

    def smooth(picture: Tensor) -> Tensor:
        padded = F.pad(picture[None, None], (3, 3, 3, 3), mode=border)
        return F.conv2d(padded, window[None, None])[0, 0]

    mean = smooth(luma)
    deviation = (smooth(luma.square()) - mean.square()).abs().sqrt()
    return (luma - mean) / (deviation + 1)


@dataclass(frozen=True, slots=True)
class Asymmetric:
    """An asymmetric generalised Gaussian: its shape and the scales of its halves."""

    shape: float
    left: float
    right: float

    @property
    def mean(self) -> float:
        """Where its weight lies."""
        return (self.right - self.left) * math.gamma(2 / self.shape) / math.gamma(1 / self.shape)


class Fit:
    """Fits by matching moments, over a table of shapes from 0.2 to 10."""

    @cached_property
    def _shapes(self) -> Tensor:
        return torch.arange(0.2, 10.001, 0.001, dtype=torch.float64)

    @cached_property
    def _ratios(self) -> Tensor:
        inverse = 1 / self._shapes
        return (2 * (2 * inverse).lgamma() - inverse.lgamma() - (3 * inverse).lgamma()).exp()

    def __call__(self, values: Tensor) -> Asymmetric:
        """The distribution of values.

        Where there are none on one side of zero, that side's scale is NaN and the shape the table's first:
        so it comes about in the code whose NIQE papers report.
        """
        below, above = values[values < 0], values[values > 0]
        left, right = (float(side.square().mean().sqrt()) for side in (below, above))
        skew = left / right
        ratio = float(values.abs().mean() ** 2 / values.square().mean())
        wanted = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        shape = float(self._shapes[(self._ratios - wanted).square().argmin()])
        scale = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
        return Asymmetric(shape, left * scale, right * scale)


def products(values: Tensor, shifts: tuple[tuple[int, int], ...]) -> list[Tensor]:
    """Each value times its neighbour, for each (y, x) shift; what leaves one edge enters at the other."""
    return [values * values.roll(shift, (0, 1)) for shift in shifts]
