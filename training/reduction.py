"""Frames reduced to the low size, as training's targets and the diagnosis have them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.network.basicvsr import SCALE


def reduced_by_area(frames: Tensor) -> Tensor:
    """The mean of each block of 4x4 pixels (paper section 3.2).

    Args:
        frames: (B, 3, 4H, 4W), any floating dtype.

    Returns:
        (B, 3, H, W), float32.
    """
    return F.avg_pool2d(frames.float(), SCALE)


def reduced_bicubically(frames: Tensor) -> Tensor:
    """Reduced by the bicubic filter (a = -0.5), which is widened against aliasing, and clamped.

    Args:
        frames: (B, 3, 4H, 4W), 0-1, any floating dtype.

    Returns:
        (B, 3, H, W), float32, 0-1.
    """
    small = F.interpolate(frames.float(), scale_factor=1 / SCALE, mode="bicubic", antialias=True)
    return small.clamp_(0, 1)
