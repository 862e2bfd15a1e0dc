"""Rounding of frames to 8 bits as in an image file, so that metrics are the same as for files."""

from __future__ import annotations

from torch import Tensor


def eight_bit(frames: Tensor) -> Tensor:
    """Return frames of 0-1 as whole numbers 0-255, in float64."""
    return (frames.detach().double().clamp(0, 1) * 255).round()
