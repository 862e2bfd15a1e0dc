"""Which tensors of a checkpoint are the generator's, and what they are called."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.weights.conftest import OURS, tensors
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.formats import canonical


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found)


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + key: tensor for key, tensor in state.items()}


TRAINING = {
    **tensors("discriminator.conv_0.weight", "perceptual_loss.vgg.vgg_layers.0.weight"),
    "step_counter": torch.tensor(7),
}


@pytest.mark.parametrize("nesting", ["state_dict", "params", "params_ema", None])
@pytest.mark.parametrize("wrapper", ["", "module."])
@pytest.mark.parametrize("prefix", ["", "generator.", "generator_ema.", "generator_ema.module."])
def test_the_generator_is_found_in_every_wrapping(
    state: dict[str, Tensor], nesting: str | None, wrapper: str, prefix: str
) -> None:
    flat = prefixed(wrapper, {**prefixed(prefix, state), **TRAINING})
    assert same(canonical({nesting: flat, "meta": {}} if nesting else flat), state)


def test_the_moving_average_is_taken_before_the_live_generator() -> None:
    live, average = tensors(*OURS), tensors(*OURS, value=100)
    both = {**prefixed("generator.", live), **prefixed("generator_ema.", average), **TRAINING}
    assert same(canonical(both), average)
    nested = {"params": live, "params_ema": average}
    assert same(canonical(nested), average)


def test_basicvsr_in_mmedits_naming_gets_the_prefix() -> None:
    state = tensors("spynet.mean", "backward_resblocks.main.0.weight", "conv_last.bias")
    assert same(canonical({"state_dict": prefixed("generator.", state)}), prefixed("basicvsr.", state))


@pytest.mark.parametrize(
    ("basicsr", "ours"),
    [
        ("spynet.mean", "spynet.mean"),
        ("spynet.basic_module.5.basic_module.0.weight", "spynet.basic_module.5.basic_module.0.conv.weight"),
        ("spynet.basic_module.0.basic_module.8.bias", "spynet.basic_module.0.basic_module.4.conv.bias"),
        ("backward_trunk.main.2.29.conv1.bias", "backward_resblocks.main.2.29.conv1.bias"),
        ("forward_trunk.main.0.weight", "forward_resblocks.main.0.weight"),
        ("upconv2.weight", "upsample2.upsample_conv.weight"),
        ("conv_hr.bias", "conv_hr.bias"),
    ],
)
def test_basicsr_names_are_mapped(basicsr: str, ours: str) -> None:
    assert f"basicvsr.{ours}" in canonical(tensors("backward_trunk.main.0.weight", basicsr))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_floating_type_is_kept(dtype: torch.dtype) -> None:
    assert canonical({OURS[0]: torch.ones(2, dtype=dtype)})[OURS[0]].dtype is dtype


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({}, "an empty table"),
        ({"epoch": 3}, "no tensors but entries named epoch"),
        ({"state_dict": 3}, "an entry 'state_dict'"),
        ({"red\x1b[31m\nline": 3}, r"named red\?\[31m line"),
        (tensors("conv1.weight", "layer1.weight", "layer2.weight", "fc"), "conv1.weight, layer1.weight"),
        (tensors("discriminator.conv_0.weight"), "discriminator.conv_0.weight"),
        ({OURS[0]: torch.tensor([1, 2])}, "torch.int64"),
        ({OURS[0]: torch.ones(10**12, 0)}, "without values"),
        ({OURS[0]: torch.tensor([1.0, float("nan")])}, "infinite or undefined"),
        ({OURS[0]: torch.tensor([float("inf")], dtype=torch.float16)}, "infinite or undefined"),
        ({OURS[0]: torch.tensor([1e300], dtype=torch.float64)}, "infinite or undefined"),
    ],
)
def test_what_is_no_generator_is_named(state: dict[str, object], found: str) -> None:
    with pytest.raises(WeightsError, match=found) as caught:
        canonical(state, "some.pth")
    assert str(caught.value).startswith("some.pth holds ")
