"""Reduction of frames to the low size, for the targets of the training and for the diagnosis."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.network.basicvsr import SCALE


def reduced_by_area(frames: Tensor) -> Tensor:
    """Return the mean of each block of 4x4 pixels (paper section 3.2).

    Args:
        frames: (B, 3, 4H, 4W), any floating dtype.

    Returns:
        (B, 3, H, W), float32.
    """
    return F.avg_pool2d(frames.float(), SCALE)


def reduced_bicubically(frames: Tensor) -> Tensor:
    """Reduce frames with the bicubic filter (a = -0.5), widened against aliasing, and clamp them.

    Args:
        frames: (B, 3, 4H, 4W), 0-1, any floating dtype.

    Returns:
        (B, 3, H, W), float32, 0-1.
    """
    small = F.interpolate(frames.float(), scale_factor=1 / SCALE, mode="bicubic", antialias=True)
    return small.clamp_(0, 1)
