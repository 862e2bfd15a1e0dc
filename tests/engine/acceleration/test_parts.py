"""What runs faster is compared with the plain network."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch

from vsrealbasicvsr.engine.acceleration.parts import make_parts
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Acceleration

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("acceleration", "batch"),
    [("off", 1), ("off", 2), ("auto", 1), ("auto", 2), ("compile", 1)],  # compiling takes a minute
)
def test_parts_give_what_the_plain_network_gives(
    network: RealBasicVSR, acceleration: str, batch: int
) -> None:
    torch.manual_seed(0)
    pictures, others = torch.rand(2, batch, 3, 21, 34)
    features, more = torch.randn(2, batch, 8, 21, 34)
    flow = 3 * torch.randn(batch, 2, 21, 34)
    rows = torch.arange(21.0)
    before = [tensor.clone() for tensor in (pictures, features, more, flow)]
    basicvsr = network.basicvsr
    trunks = {"backward": basicvsr.backward_resblocks, "forward": basicvsr.forward_resblocks}
    with torch.inference_mode():
        parts = make_parts(network, CPU, torch.float32, acceleration)  # type: ignore[arg-type]
        assert parts.cleaning is not None
        pairs = [
            (parts.cleaning(pictures), network.image_cleaning(pictures)),
            (parts.flow(pictures, others), basicvsr.spynet(pictures, others)),
            (parts.detail(features, more), basicvsr.detail(features, more)),
        ]
        for direction, advance in parts.advance.items():
            trunk = trunks[direction]
            first = advance(pictures), basicvsr.propagate(trunk, pictures, None, None)
            plain = basicvsr.propagate(trunk, pictures, features, flow)
            pairs += [first, (advance(pictures, rows, features, flow), plain)]
    for ours, plain in pairs:
        torch.testing.assert_close(ours, plain, rtol=0, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip((pictures, features, more, flow), before, strict=True))


def test_the_network_itself_stays_as_it_was(network: RealBasicVSR) -> None:
    before = copy.deepcopy(network.state_dict())
    make_parts(network, CPU, torch.bfloat16, "auto")
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


@pytest.mark.parametrize("acceleration", sorted({*get_args(Acceleration)} - {"off", "auto", "compile"}))
def test_what_needs_a_gpu_is_refused_without_one(network: RealBasicVSR, acceleration: str) -> None:
    with pytest.raises(
        SettingsError, match=f"acceleration '{acceleration}' needs a CUDA device, not cpu; use auto"
    ):
        make_parts(network, CPU, torch.float32, acceleration)  # type: ignore[arg-type]
