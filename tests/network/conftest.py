from __future__ import annotations

import pytest
import torch

from tests.golden.recipe import fill_generator
from vsrealbasicvsr.network import RealBasicVSR


@pytest.fixture(scope="session")
def golden_network() -> RealBasicVSR:
    """The full-size network with the golden recipe's weights."""
    return fill_generator(RealBasicVSR()).eval()


@pytest.fixture
def small_network() -> RealBasicVSR:
    """Eight channels, one block everywhere: the same code at a thousandth of the cost."""
    torch.manual_seed(1)
    return RealBasicVSR(mid_channels=8, num_propagation_blocks=1, num_cleaning_blocks=1).eval()
