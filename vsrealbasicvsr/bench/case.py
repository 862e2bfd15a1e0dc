"""The measured case: a synthetic clip and a network with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.spynet import LEVELS


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One clip and one network; equal cases give equal frames and equal weights."""

    width: int
    height: int
    frames: int
    window: int = 24
    margin: int = 8
    channels: int = 64
    blocks: int = 20
    """Residual blocks of the cleaning network, and of each direction of propagation."""

    def clip(self) -> Iterator[Tensor]:
        """Yield frames of a panning texture, each (3, H, W), 0-1."""
        torch.manual_seed(0)
        texture = torch.rand(3, self.height, 2 * self.width)
        for number in range(self.frames):
            yield texture.roll(-2 * number, dims=2)[:, :, : self.width].contiguous()

    def network(self) -> RealBasicVSR:
        """Return the network in evaluation mode; its flow is a few pixels, as with trained weights."""
        torch.manual_seed(1)
        network = RealBasicVSR(self.channels, self.blocks, self.blocks).eval().requires_grad_(False)
        for level in range(LEVELS):
            last = f"basicvsr.spynet.basic_module.{level}.basic_module.4.conv.weight"
            network.get_parameter(last).mul_(0.02)
        return network
