"""The two sides of the discriminator's game: cross-entropy of logits (SPEC 6.1, type "vanilla")."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def generator_loss(logits: Tensor) -> Tensor:
    """How far the discriminator's logits on restored frames are from "real"; scalar, float32."""
    return _real(logits)


def discriminator_real_loss(logits: Tensor) -> Tensor:
    """How far the logits on ground truth are from "real"; scalar, float32."""
    return _real(logits)


def discriminator_fake_loss(logits: Tensor) -> Tensor:
    """How far the logits on detached restored frames are from "fake"; scalar, float32."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def _real(logits: Tensor) -> Tensor:
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
