"""Unsharp mask of the ground truth, on any device (specification, section 7.6)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.device.blur import correlate

_TAPS = 51
_SIGMA = 8.0  # the value that OpenCV uses for 51 taps
_THRESHOLD = 10.0
_WEIGHT = 0.5


def sharpen_frames(frames: Tensor) -> Tensor:
    """Sharpen where the detail is stronger than 10 levels of 255, with soft borders (specification 7.6).

    Args:
        frames: (B, 3, H, W) float32, 0-1; not changed.

    Returns:
        (B, 3, H, W) float32, 0-1.
    """
    kernel = _gaussian()
    detail = frames - correlate(frames, kernel)
    mask = (detail.abs() * 255 > _THRESHOLD).to(frames.dtype)
    sharpened = detail.mul_(_WEIGHT).add_(frames).clamp_(0, 1)
    return torch.lerp(frames, sharpened, correlate(mask, kernel))


def _gaussian() -> NDArray[np.float64]:
    """Return a Gaussian kernel (1, 51, 51) with sum 1."""
    offsets = np.arange(_TAPS) - _TAPS // 2
    line = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    line /= line.sum()
    return np.outer(line, line)[None]
