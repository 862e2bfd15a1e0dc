"""Luma, as papers on super-resolution compute it."""

from __future__ import annotations

from torch import Tensor

_WEIGHTS = (65.481, 128.553, 24.966)  # BT.601, limited range, as MATLAB's rgb2ycbcr


def luma(frames: Tensor) -> Tensor:
    """Convert RGB, (..., 3, H, W) uint8, to Y of BT.601, 16 to 235, not rounded: (..., 1, H, W) float64."""
    weights = frames.new_tensor(_WEIGHTS, dtype=frames.double().dtype).view(3, 1, 1)
    return (frames.double() / 255 * weights).sum(-3, keepdim=True) + 16
