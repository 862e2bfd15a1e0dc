"""Pictures for the tests of old damage."""

from __future__ import annotations

import torch
from torch import Tensor

from training.degradation.old.colour import to_planes


def noise(frames: int = 2, height: int = 40, width: int = 48) -> Tensor:
    """(T, 3, H, W), 0-1."""
    return torch.rand(frames, 3, height, width, generator=torch.Generator().manual_seed(5))


def flat(red: float, green: float, blue: float, *, frames: int = 1, side: int = 96) -> Tensor:
    return torch.tensor((red, green, blue)).view(1, 3, 1, 1).repeat(frames, 1, side, side)


def step(side: int = 64) -> Tensor:
    """Dark grey on the left, light grey on the right: (1, 3, H, W)."""
    frames = torch.full((1, 3, side, side), 0.25)
    frames[..., side // 2 :] = 0.75
    return frames


def brightness(frames: Tensor) -> Tensor:
    """(T, H, W) float64."""
    return to_planes(frames.double())[0][:, 0]


def colour(frames: Tensor) -> Tensor:
    """(T, 2, H, W) float64: Cb and Cr."""
    return to_planes(frames.double())[1]
