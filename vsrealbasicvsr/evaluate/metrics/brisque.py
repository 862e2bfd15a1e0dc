"""BRISQUE (Mittal et al., 2012) with OpenCV's regression, the only one in a package registry.

Its figures differ from those of papers, which use the regression of the LIVE release.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.natural_scene import Fit, normalised, products
from vsrealbasicvsr.evaluate.parameters import BRISQUE, BRISQUE_RANGES, locate
from vsrealbasicvsr.weights.numpy_pickle import read_numbers

_FEATURES = 36
_GREY = (0.299, 0.587, 0.114)
_SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
_HALVING = (-0.09375, 0.59375, 0.59375, -0.09375)
"""OpenCV's cubic kernel (a = -0.75) halfway between pixels; OpenCV does not widen it for a reduction."""
_SIGMA = 7 / 6
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Regression:
    """A support vector regression with a Gaussian kernel.

    Attributes:
        weights: (V), weights of the support vectors.
        vectors: (V, 36), the support vectors.
        gamma: parameter of the kernel.
        rho: the number that is subtracted from the sum.
    """

    weights: Tensor
    vectors: Tensor
    gamma: float
    rho: float

    @classmethod
    def read(cls, path: Path) -> Regression:
        """Read a regression in libsvm's text form."""
        head, _, body = path.read_text(encoding="ascii").partition("\nSV\n")
        facts = dict(line.split(" ", 1) for line in head.splitlines())
        lines = [line.split() for line in body.splitlines() if line.strip()]
        vectors = torch.zeros(len(lines), _FEATURES, dtype=torch.float64)
        for row, line in enumerate(lines):
            for entry in line[1:]:
                index, value = entry.split(":")
                vectors[row, int(index) - 1] = float(value)
        weights = torch.tensor([float(line[0]) for line in lines], dtype=torch.float64)
        return cls(weights, vectors, float(facts["gamma"]), float(facts["rho"]))

    def __call__(self, features: Tensor) -> float:
        """Return the estimate for 36 features, each from -1 to 1."""
        kernel = (-self.gamma * (self.vectors - features).square().sum(1)).exp()
        return float(self.weights @ kernel - self.rho)


class Brisque:
    """Quality of a frame, from about 0 (good) to 100.

    Raises:
        UnavailableError: the parameters are not installed.
    """

    def __init__(self) -> None:
        self._regression = Regression.read(locate(BRISQUE))
        path = locate(BRISQUE_RANGES)
        ranges = read_numbers(path.read_bytes(), str(path))
        self._low, self._high = (torch.tensor(ranges[side], dtype=torch.float64) for side in ("min_", "max_"))
        offsets = torch.arange(-3, 4, dtype=torch.float64)
        side = (-offsets.square() / (2 * _SIGMA**2)).exp()
        self._window = torch.outer(side, side) / side.sum() ** 2
        self._fit = Fit()

    def __call__(self, frame: Tensor) -> float:
        """Return the BRISQUE of a frame, (3, H, W), uint8, RGB.

        Raises:
            UnavailableError: the frame has no texture, or is smaller than 16x16.
        """
        if min(frame.shape[-2:]) < _SMALLEST:
            raise UnavailableError(f"frames are smaller than {_SMALLEST}x{_SMALLEST}")
        grey = (frame.double() * torch.tensor(_GREY, dtype=torch.float64).view(3, 1, 1)).sum(0)
        features = torch.tensor([*self._features(grey), *self._features(_halved(grey))], dtype=torch.float64)
        if features.isnan().any():
            raise UnavailableError("frames without texture have no such statistics")
        return self._regression(2 * (features - self._low) / (self._high - self._low) - 1)

    def _features(self, grey: Tensor) -> list[float]:
        values = normalised(grey, self._window, "reflect")
        features: list[float] = []
        for number, part in enumerate((values, *products(values, _SHIFTS))):
            fit = self._fit(part)
            if math.isnan(fit.left + fit.right):
                return [math.nan] * (_FEATURES // 2)
            scale = math.gamma(3 / fit.shape) / math.gamma(1 / fit.shape)
            left, right = fit.left**2 * scale, fit.right**2 * scale
            features += [fit.shape, fit.mean, left, right] if number else [fit.shape, (left + right) / 2]
        return features


def _halved(picture: Tensor) -> Tensor:
    height, width = (side // 2 * 2 for side in picture.shape)
    padded = F.pad(picture[None, None, :height, :width], (1, 1, 1, 1), mode="replicate")
    taps = torch.tensor(_HALVING, dtype=picture.dtype)
    rows = F.conv2d(padded, taps.view(1, 1, 4, 1), stride=(2, 1))
    return F.conv2d(rows, taps.view(1, 1, 1, 4), stride=(1, 2))[0, 0]
