"""What the cleaned frames are compared with (SPEC 6.1; paper section 3.2, Eq. 4)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_SCALE = 4


def cleaning_target(sharpened: Tensor) -> Tensor:
    """Ground truth at the low size: the mean of each block of 4x4 pixels.

    Args:
        sharpened: (N, T, 3, 4H, 4W), the sharpened ground truth.

    Returns:
        (N, T, 3, H, W), float32.
    """
    reduced = F.avg_pool2d(sharpened.flatten(0, 1).float(), _SCALE)
    return reduced.view(*sharpened.shape[:2], *reduced.shape[1:])
