"""Resize as in OpenCV, by two products with weight matrices, on any device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.parameters import Filter
from training.degradation.resize import antialiased

_Array = NDArray[np.float64]
_SLIVER = 1e-3  # OpenCV's area filter ignores narrower overlaps


def resize_frames(frames: Tensor, kind: Filter, height: int, width: int) -> Tensor:
    """Resize with half-pixel centres; bilinear and bicubic do not low-pass (specification, section 7.5).

    Args:
        frames: (B, C, H, W) float32.
        kind: the filter. OpenCV's area filter uses another method if one of the sides grows.
        height: height of the result in pixels.
        width: width of the result in pixels.

    Returns:
        (B, C, height, width) float32.
    """
    if kind == "antialiased":
        return antialiased(frames, height, width)
    old_height, old_width = frames.shape[-2:]
    weights = _weights(kind, shrinks=height <= old_height and width <= old_width)
    rows, columns = (
        torch.from_numpy(weights(old, new)).to(frames.device, frames.dtype)
        for old, new in ((old_height, height), (old_width, width))
    )
    return rows @ (frames @ columns.T)


def _weights(kind: Filter, shrinks: bool) -> Callable[[int, int], _Array]:
    if kind == "bilinear":
        return _bilinear
    if kind == "bicubic":
        return _bicubic
    return _area if shrinks else _enlarged_area


def _bilinear(old: int, new: int) -> _Array:
    position = _positions(old, new)
    first = np.floor(position)
    return _scattered(first, _pair(position - first), old)


def _bicubic(old: int, new: int) -> _Array:
    """Return the weights of cubic convolution with a = -0.75."""
    position = _positions(old, new)
    second = np.floor(position)
    distance = np.abs((position - second)[:, None] - np.arange(-1, 3))
    near = (1.25 * distance - 2.25) * distance**2 + 1
    far = -0.75 * (((distance - 5) * distance + 8) * distance - 4)
    return _scattered(second - 1, np.where(distance <= 1, near, far), old)


def _area(old: int, new: int) -> _Array:
    """Return weights by which each new pixel is the mean of the old pixels that it covers."""
    begin = np.arange(new)[:, None] * _step(old, new)
    end = np.minimum(begin + _step(old, new), old)
    pixel = np.arange(old)
    overlap = np.minimum(end, pixel + 1) - np.maximum(begin, pixel)
    weights: _Array = np.where(overlap > _SLIVER, overlap, 0) / (end - begin)
    return weights


def _enlarged_area(old: int, new: int) -> _Array:
    """Return weights by which pixels stay flat; only new pixels across an old border mix both sides."""
    first = np.floor(np.arange(new) * _step(old, new))
    fraction: _Array = np.arange(1, new + 1) - (first + 1) * (new / old)
    # In float32 as in OpenCV: a fraction that rounds to 1 becomes 0 below, which changes the pixel.
    fraction = np.maximum(fraction.astype(np.float32).astype(np.float64), 0)
    return _scattered(first, _pair(fraction - np.floor(fraction)), old)


def _positions(old: int, new: int) -> _Array:
    """Return the positions of the new pixels' centres in the coordinates of the old pixels."""
    return (np.arange(new, dtype=np.float64) + 0.5) * _step(old, new) - 0.5


def _step(old: int, new: int) -> float:
    """Return old pixels per new pixel, with OpenCV's rounding."""
    return 1 / (new / old)


def _pair(fraction: _Array) -> _Array:
    return np.stack((1 - fraction, fraction), axis=1)


def _scattered(first: _Array, taps: _Array, old: int) -> _Array:
    """Return a matrix (new, old) from each new pixel's first old pixel and its taps. The border repeats."""
    places = (first.astype(int)[:, None] + np.arange(taps.shape[1])).clip(0, old - 1)
    matrix = np.zeros((len(first), old))
    np.add.at(matrix, (np.arange(len(first))[:, None], places), taps)
    return matrix
