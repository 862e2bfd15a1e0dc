"""The discriminator against golden numbers and PyTorch's own spectral normalisation."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.conftest import GOLDEN
from tests.golden.recipe import fill_discriminator
from training.errors import TrainingError
from training.losses.discriminator import Discriminator, SpectralConv2d


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "discriminator.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    return fill_discriminator(Discriminator())


def small(seed: int = 0) -> Discriminator:
    torch.manual_seed(seed)
    return Discriminator(8)


def pictures(golden: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(golden["input_u8"].astype(np.float32) / np.float32(255))


def test_logits_in_evaluation_mode_are_the_references(
    discriminator: Discriminator, golden: dict[str, np.ndarray]
) -> None:
    discriminator.eval()
    before = discriminator.conv_3.weight_u.clone()
    with torch.no_grad():
        logits = discriminator(pictures(golden))
    np.testing.assert_allclose(logits.numpy(), golden["eval_logits"], atol=1e-5, rtol=0)
    assert torch.equal(discriminator.conv_3.weight_u, before)


def test_one_training_forward_moves_u_and_the_logits_as_the_reference_does(
    discriminator: Discriminator, golden: dict[str, np.ndarray]
) -> None:
    # The golden file holds u after the iteration, not before. One step takes u to W Wᵀ u, normalised,
    # so the start follows by solving for it (the matrices are well conditioned, about 2).
    network = copy.deepcopy(discriminator).train()
    state = network.state_dict()
    for index in range(1, 9):
        matrix = state[f"conv_{index}.weight_orig"].flatten(1).double()
        after = torch.from_numpy(golden[f"train_u.conv_{index}.weight_u"]).double()
        start = torch.linalg.solve(matrix @ matrix.T, after)
        state[f"conv_{index}.weight_u"].copy_(start / start.norm())
        state[f"conv_{index}.weight_v"].zero_()
    with torch.no_grad():
        logits = network(pictures(golden))
    np.testing.assert_allclose(logits, golden["train_logits_after_1_iteration"], atol=1e-5, rtol=0)
    for index in range(1, 9):
        expected = golden[f"train_u.conv_{index}.weight_u"]
        np.testing.assert_allclose(state[f"conv_{index}.weight_u"], expected, atol=1e-5, rtol=0)


def test_names_shapes_and_counts_are_the_authors() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in Discriminator().state_dict().items()}
    channels = {1: (128, 64, 4), 2: (256, 128, 4), 3: (512, 256, 4), 4: (256, 512, 3), 5: (128, 256, 3)}
    channels |= {6: (64, 128, 3), 7: (64, 64, 3), 8: (64, 64, 3)}
    expected: dict[str, tuple[int, ...]] = {"conv_0.weight": (64, 3, 3, 3), "conv_0.bias": (64,)}
    for index, (out, into, side) in channels.items():
        expected[f"conv_{index}.weight_orig"] = (out, into, side, side)
        expected[f"conv_{index}.weight_u"] = (out,)
        expected[f"conv_{index}.weight_v"] = (into * side * side,)
    expected |= {"conv_9.weight": (1, 64, 3, 3), "conv_9.bias": (1,)}
    assert shapes == expected
    assert len(shapes) == 28
    assert sum(parameter.numel() for parameter in Discriminator().parameters()) == 4_376_897


def test_spectral_normalisation_is_pytorchs_with_its_gradients() -> None:
    torch.manual_seed(3)
    ours = SpectralConv2d(5, 7, 4, stride=2)
    theirs = torch.nn.utils.spectral_norm(nn.Conv2d(5, 7, 4, stride=2, padding=1, bias=False))
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(2, 5, 12, 16)
    for _ in range(3):
        results = []
        for layer in (ours, theirs):
            given = features.clone().requires_grad_()
            layer.weight_orig.grad = None
            (layer(given) ** 2).sum().backward()
            results.append((given.grad, layer.weight_orig.grad, layer.weight_u, layer.weight_v))
        for mine, reference in zip(*results, strict=True):
            torch.testing.assert_close(mine, reference)


def test_a_bias_and_no_padding_are_pytorchs_too() -> None:
    torch.manual_seed(5)
    ours = SpectralConv2d(4, 6, 1, padding=0, bias=True)
    theirs = torch.nn.utils.spectral_norm(nn.Conv2d(4, 6, 1))
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(1, 4, 5, 7)
    torch.testing.assert_close(ours(features), theirs(features))


def test_a_settled_layer_has_a_largest_singular_value_near_1() -> None:
    torch.manual_seed(6)
    layer = SpectralConv2d(40, 30)
    layer.settle()
    delta = torch.zeros(40, 40, 7, 7)
    delta[range(40), range(40), 3, 3] = 1  # the answer to an impulse is the kernel
    kernels = layer.eval()(delta)[:, :, 2:5, 2:5].transpose(0, 1).flatten(1)
    assert torch.linalg.svdvals(kernels)[0].item() == pytest.approx(1.0, abs=0.05)


def test_initial_weights_are_pytorchs_default() -> None:
    torch.manual_seed(4)
    ours = SpectralConv2d(6, 9).weight_orig
    torch.manual_seed(4)
    assert torch.equal(ours, nn.Conv2d(6, 9, 3, bias=False).weight)


def test_real_and_fake_forwards_may_both_precede_their_backwards() -> None:
    network = small()
    real, fake = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    first, second = network(real), network(fake)
    first.mean().backward()
    second.mean().backward()
    assert all(bool(parameter.grad.abs().sum() > 0) for parameter in network.parameters())


def test_gradients_reach_the_frames_while_the_discriminator_is_frozen() -> None:
    network = small().requires_grad_(False)
    frames = torch.rand(1, 3, 16, 24, requires_grad=True)
    network(frames).mean().backward()
    assert frames.grad is not None
    assert bool((frames.grad != 0).all())


def autocast_logits(device: str) -> None:
    network = small().to(device, memory_format=torch.channels_last)
    exact = copy.deepcopy(network)
    frames = torch.rand(2, 3, 32, 48, device=device)
    with torch.autocast(device, torch.bfloat16):
        logits = network(frames)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), exact(frames), atol=0.02, rtol=0.05)
    torch.testing.assert_close(network.conv_3.weight_u, exact.conv_3.weight_u)
    logits.float().mean().backward()
    assert network.conv_3.weight_orig.grad.dtype == torch.float32


def test_under_bf16_autocast_the_power_iteration_stays_exact() -> None:
    autocast_logits("cpu")


@pytest.mark.gpu
def test_under_bf16_autocast_on_a_cuda_device_too() -> None:
    autocast_logits("cuda")


def test_a_copy_is_independent() -> None:
    network = small()
    network(torch.rand(1, 3, 16, 16))
    other = copy.deepcopy(network)
    before = network.conv_1.weight_u.clone()
    other(torch.rand(1, 3, 16, 16))
    assert torch.equal(network.conv_1.weight_u, before)


@pytest.mark.parametrize(("height", "width"), [(8, 12), (30, 16), (7, 7)])
def test_sides_that_are_no_multiple_of_8_are_refused(height: int, width: int) -> None:
    with pytest.raises(TrainingError, match=rf"multiples of 8 pixels, not {width}x{height}"):
        small()(torch.rand(1, 3, height, width))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 40)])
def test_logits_have_the_size_of_the_frames(height: int, width: int) -> None:
    assert small()(torch.rand(2, 3, height, width)).shape == (2, 1, height, width)
