"""Halos of edge enhancement."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.degradation.old.colour import luma
from training.degradation.old.lines import smoothed
from training.degradation.old.parameters import Halo


def add_halo(frames: Tensor, halo: Halo, numbers: Sequence[int]) -> Tensor:
    """Add the difference of the luma from its blur to all channels: edges overshoot on both sides.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; not changed.
        halo: directions, radii and strengths.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped.
    """
    brightness = luma(frames)
    radii = [halo.radius[number] for number in numbers]
    blurred = smoothed(brightness, radii)
    if not halo.horizontal:
        blurred = smoothed(blurred.mT, radii).mT
    strength = frames.new_tensor([halo.strength[number] for number in numbers]).view(-1, 1, 1, 1)
    return frames + strength * (brightness - blurred)
