"""Blur and reduction in float64, summed tap by tap.

A matrix product adds in an order that depends on the alignment of memory, so that its last bit may differ. An
encoder, or the inverted covariance of NIQE, would enlarge such a difference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]
"""(H, W, C), 0 to 255."""


def blurred(picture: Picture, sigma: float) -> Picture:
    """Blur a picture with a Gaussian that is cut off at three sigma; borders are mirrored."""
    reach = max(1, math.ceil(3 * sigma))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        length = picture.shape[axis]
        positions = _mirrored(np.arange(length)[:, None] + offsets, length)
        picture = _filtered(picture, positions, np.broadcast_to(weights, positions.shape), axis)
    return picture


def averaged(picture: Picture) -> Picture:
    """Halve a picture whose sides are even: each pixel is the mean of four."""
    rows = picture[0::2] + picture[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) / 4


def reduced(picture: Picture, factor: int) -> Picture:
    """Reduce a picture, with sides that are multiples, like MATLAB's imresize: bicubic, a = -0.5, widened."""
    for axis in (0, 1):
        length = picture.shape[axis]
        centres = (np.arange(length // factor) + 0.5) * factor - 0.5
        first = np.floor(centres - 2 * factor).astype(np.int64) + 1
        positions = first[:, None] + np.arange(4 * factor)
        weights = _cubic((centres[:, None] - positions) / factor)
        weights /= weights.sum(1, keepdims=True)
        picture = _filtered(picture, _mirrored(positions, length), weights, axis)
    return picture


def _filtered(
    picture: Picture, positions: NDArray[np.int64], weights: NDArray[np.float64], axis: int
) -> Picture:
    lines = np.moveaxis(picture, axis, 0)
    total = np.zeros((len(positions), *lines.shape[1:]))
    for tap in range(positions.shape[1]):
        total += weights[:, tap, None, None] * lines[positions[:, tap]]
    return np.moveaxis(total, 0, axis)


def _mirrored(positions: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Mirror the positions that lie beyond a border; the pixel at the border is repeated."""
    wrapped = np.mod(positions, 2 * length)
    return np.where(wrapped < length, wrapped, 2 * length - 1 - wrapped)


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
