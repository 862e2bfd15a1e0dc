"""Frames as an image file would hold them, so that metrics here and on files agree."""

from __future__ import annotations

from torch import Tensor


def eight_bit(frames: Tensor) -> Tensor:
    """Whole numbers 0-255 of frames that range from 0 to 1, in float64."""
    return (frames.detach().double().clamp(0, 1) * 255).round()
