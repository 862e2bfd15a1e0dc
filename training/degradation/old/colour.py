"""Conversion between RGB and brightness with colour differences (BT.601), not clipped."""

from __future__ import annotations

import torch
from torch import Tensor

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_PER_BLUE, _PER_RED = 2 * (1 - _BLUE), 2 * (1 - _RED)  # from Cb and Cr, at most 0.5, to B - Y and R - Y


def luma(frames: Tensor) -> Tensor:
    """Return the luma (B, 1, H, W) of RGB frames (B, 3, H, W)."""
    return (frames * frames.new_tensor((_RED, _GREEN, _BLUE)).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def to_planes(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Convert RGB (B, 3, H, W), 0-1, to luma (B, 1, H, W) and Cb, Cr (B, 2, H, W), which are 0 for grey."""
    brightness = luma(frames)
    blue, red = frames[:, 2:] - brightness, frames[:, :1] - brightness
    return brightness, torch.cat((blue / _PER_BLUE, red / _PER_RED), dim=1)


def from_planes(brightness: Tensor, colour: Tensor) -> Tensor:
    """Convert luma and Cb, Cr to RGB: the inverse of `to_planes`."""
    blue, red = colour[:, :1] * _PER_BLUE, colour[:, 1:] * _PER_RED
    green = (_BLUE * blue + _RED * red) / -_GREEN
    return brightness + torch.cat((red, green, blue), dim=1)
