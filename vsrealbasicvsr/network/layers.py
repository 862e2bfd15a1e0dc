"""Building blocks shared by cleaning and propagation (specification 1.1), and feature warping.

Specification 2.4.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MID_CHANNELS = 64
"""Channels of the released model; the last two stages of reconstruction always have this number."""


class ResidualBlock(nn.Module):
    """The residual block x + conv(relu(conv(x))), without normalisation or activation after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        for conv in (self.conv1, self.conv2):
            initialise_kaiming(conv, scale=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        residue: Tensor = self.conv2(F.relu(self.conv1(x)))
        return x + residue


class Trunk(nn.Module):
    """A convolution, a leaky ReLU and a sequence of residual blocks."""

    def __init__(self, in_channels: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks))),
        )
        self.reach = 1 + 2 * blocks
        """Receptive field: the number of rows or columns on each side that affect a pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, channels, H, W)."""
        features: Tensor = self.main(x)
        return features


def initialise_kaiming(
    conv: nn.Conv2d, *, scale: float = 1.0, fan: Literal["fan_in", "fan_out"] = "fan_in"
) -> None:
    """Initialise a convolution: Kaiming-normal weights (gain sqrt 2) times `scale`, zero bias.

    Specification 1.4.
    """
    if conv.weight.is_meta:  # `load` assigns weights later; the first random draw on `meta` takes 4 s
        return
    nn.init.kaiming_normal_(conv.weight, mode=fan, nonlinearity="relu")
    with torch.no_grad():
        conv.weight *= scale
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


def warp(x: Tensor, flow: Tensor, *, padding: str = "zeros", rows: Tensor | None = None) -> Tensor:
    """Sample `x` at the positions that `flow` points to (specification, section 2.4).

    The grid is always float32, because a half-precision coordinate has an error of half a pixel at a width of
    1920.

    Args:
        x: (N, C, H, W), any float dtype.
        flow: (N, 2, h, W), float32, (x, y) displacement in pixels.
        padding: values outside the borders: `zeros` for features, `border` for pictures.
        rows: (h,), float32, numbers of the rows that `flow` is for; None for all rows.

    Returns:
        (N, C, h, W) in the dtype of `x`.
    """
    height, width = x.shape[-2:]
    columns = torch.arange(width, device=x.device, dtype=flow.dtype)
    if rows is None:
        rows = torch.arange(height, device=x.device, dtype=flow.dtype)
    grid_x = 2.0 * (columns + flow[:, 0]) / max(width - 1, 1) - 1.0
    grid_y = 2.0 * (rows[:, None] + flow[:, 1]) / max(height - 1, 1) - 1.0
    grid = torch.stack((grid_x, grid_y), dim=-1)
    sampled = F.grid_sample(x.to(grid.dtype), grid, mode="bilinear", padding_mode=padding, align_corners=True)
    return sampled.to(x.dtype)
