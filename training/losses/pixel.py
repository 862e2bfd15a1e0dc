"""Losses between the pixels of pictures, and between their changes.

Specification 6.1; paper, Eq. 3 and 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.losses.options import PixelKind


def pixel_loss(kind: PixelKind, prediction: Tensor, target: Tensor) -> Tensor:
    """Return the pixel loss of a kind.

    Args:
        kind: `l1`, as released, or `charbonnier`, as in the paper.
        prediction: any shape and floating dtype.
        target: the same shape.

    Returns:
        A scalar, float32.
    """
    match kind:
        case "l1":
            return l1(prediction, target)
        case "charbonnier":
            return charbonnier(prediction, target)


def l1(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference, float32."""
    return (prediction.float() - target.float()).abs().mean()


def charbonnier(prediction: Tensor, target: Tensor, epsilon: float = 1e-12) -> Tensor:
    """Return the mean of sqrt(difference² + epsilon), float32: an L1 that is smooth at 0."""
    return torch.sqrt((prediction.float() - target.float()) ** 2 + epsilon).mean()


def temporal_loss(restored: Tensor, target: Tensor) -> Tensor:
    """Return L1 between the changes from frame to frame, which are differences of neighbouring frames.

    Args:
        restored: (N, T, 3, H, W), any floating dtype; two frames or more.
        target: the same shape.

    Returns:
        A scalar, float32.
    """
    return l1(*(clips[:, 1:].float() - clips[:, :-1].float() for clips in (restored, target)))
