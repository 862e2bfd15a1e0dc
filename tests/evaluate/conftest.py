"""A few small frames, as they are and spoilt."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.known import METRICS
from vsrealbasicvsr.evaluate.metrics.metric import Measure


def ready(name: str) -> Measure:
    """A metric; the test skips where its parameters are not installed."""
    try:
        return next(metric for metric in METRICS if metric.name == name).load("cpu")
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def truth() -> Tensor:
    """Three frames of a real clip, uint8."""
    return (decode_rgb(EXAMPLE_CLIP, 3) * 255).round().byte()


@pytest.fixture(scope="session")
def spoilt(truth: Tensor) -> Tensor:
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    return (truth + 12 * noise).clamp(0, 255).round().byte()
