from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings


@pytest.fixture(scope="session")
def network() -> RealBasicVSR:
    """Small, seeded, with flow and cleaning strong enough that every part shows in the output."""
    torch.manual_seed(3)
    network = RealBasicVSR(mid_channels=8, num_propagation_blocks=1, num_cleaning_blocks=1)
    with torch.no_grad():
        for level in network.basicvsr.spynet.basic_module:
            level.basic_module[-1].conv.weight *= 0.02
        network.image_cleaning[1].weight *= 0.2
        network.image_cleaning[1].bias.zero_()
    return network.eval()


@pytest.fixture(scope="session")
def clip() -> Callable[..., Tensor]:
    """(T, 3, H, W) of moving noise, every frame different."""

    def make(length: int, height: int = 20, width: int = 28, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        texture = torch.rand(3, height + length, width + length, generator=generator)
        moving = [texture[:, n : n + height, n // 2 : n // 2 + width] for n in range(length)]
        return torch.stack(moving) * 0.9 + 0.1 * torch.rand(length, 3, height, width, generator=generator)

    return make


@pytest.fixture
def restorer(network: RealBasicVSR) -> Callable[..., Restorer]:
    """A restorer of the small network on the CPU, with these settings."""

    def make(**settings: object) -> Restorer:
        return Restorer(network, Settings.from_mapping(settings), device="cpu")

    return make
