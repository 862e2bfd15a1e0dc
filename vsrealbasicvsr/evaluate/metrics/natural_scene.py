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
    """Subtract the local mean from luma, and divide it by the local deviation plus one.

    Args:
        luma: (H, W), float64, 0 to 255.
        window: (7, 7), with a sum of one.
        border: how the picture is extended beyond its borders.
    """

    def smooth(picture: Tensor) -> Tensor:
        padded = F.pad(picture[None, None], (3, 3, 3, 3), mode=border)
        return F.conv2d(padded, window[None, None])[0, 0]

    mean = smooth(luma)
    deviation = (smooth(luma.square()) - mean.square()).abs().sqrt()
    return (luma - mean) / (deviation + 1)


@dataclass(frozen=True, slots=True)
class Asymmetric:
    """An asymmetric generalised Gaussian distribution: its shape, and the scale of each half."""

    shape: float
    left: float
    right: float

    @property
    def mean(self) -> float:
        """The mean of the distribution."""
        return (self.right - self.left) * math.gamma(2 / self.shape) / math.gamma(1 / self.shape)


class Fit:
    """Fits the distribution by matching moments, with a table of shapes from 0.2 to 10."""

    @cached_property
    def _shapes(self) -> Tensor:
        return torch.arange(0.2, 10.001, 0.001, dtype=torch.float64)

    @cached_property
    def _ratios(self) -> Tensor:
        inverse = 1 / self._shapes
        return (2 * (2 * inverse).lgamma() - inverse.lgamma() - (3 * inverse).lgamma()).exp()

    def __call__(self, values: Tensor) -> Asymmetric:
        """Return the distribution of values.

        If there are no values on one side of zero, the scale of that side is NaN and the shape is the first
        of the table. The code whose NIQE papers report gives the same.
        """
        below, above = values[values < 0], values[values > 0]
        left, right = (float(side.square().mean().sqrt()) for side in (below, above))
        skew = left / right
        ratio = float(values.abs().mean() ** 2 / values.square().mean())
        target = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        shape = float(self._shapes[(self._ratios - target).square().argmin()])
        scale = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
        return Asymmetric(shape, left * scale, right * scale)


def products(values: Tensor, shifts: tuple[tuple[int, int], ...]) -> list[Tensor]:
    """Return each value times its neighbour, for each (y, x) shift; the picture wraps around at its edges."""
    return [values * values.roll(shift, (0, 1)) for shift in shifts]
