"""The discriminator's game, by hand and by golden numbers."""

from __future__ import annotations

import math

import pytest
import torch

from tests.golden.recipe import fill_discriminator
from tests.training.losses.inputs import expected, picture
from training.losses.adversarial import (
    discriminator_fake_loss,
    discriminator_real_loss,
    game,
    generator_loss,
)
from training.losses.discriminator import Discriminator


def test_the_losses_are_the_references() -> None:
    discriminator = fill_discriminator(Discriminator()).eval()
    with torch.no_grad():
        fake, real = discriminator(picture("sr")[0]), discriminator(picture("gt")[0])
    assert 0.05 * generator_loss(fake).item() == pytest.approx(expected("loss_gan"), abs=1e-6)
    assert discriminator_real_loss(real).item() == pytest.approx(expected("loss_d_real"), abs=1e-5)
    assert discriminator_fake_loss(fake).item() == pytest.approx(expected("loss_d_fake"), abs=1e-5)


def test_the_losses_are_the_logarithms_of_probabilities() -> None:
    logits = torch.tensor([-2.0, 0.0, 3.0])
    real = sum(-math.log(1 / (1 + math.exp(-logit))) for logit in (-2, 0, 3)) / 3
    fake = sum(-math.log(1 - 1 / (1 + math.exp(-logit))) for logit in (-2, 0, 3)) / 3
    assert generator_loss(logits).item() == pytest.approx(real, rel=1e-6)
    assert discriminator_real_loss(logits).item() == pytest.approx(real, rel=1e-6)
    assert discriminator_fake_loss(logits).item() == pytest.approx(fake, rel=1e-6)


def test_extreme_logits_stay_finite_with_their_gradients() -> None:
    logits = torch.tensor([-1e4, 1e4], requires_grad=True)
    (generator_loss(logits) + discriminator_fake_loss(logits)).backward()
    assert bool(torch.isfinite(logits.grad).all())


def test_half_precision_logits_are_judged_in_float32() -> None:
    logits = torch.randn(1, 1, 8, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = generator_loss(logits)
    assert loss.dtype == torch.float32
    exact = torch.nn.functional.softplus(-logits.double()).mean()
    assert loss.item() == pytest.approx(exact.item(), rel=1e-5)


def test_hinge_losses_are_their_formula() -> None:
    """Two layers of unlike size count alike; only what is on the wrong side of the margin counts."""
    layers = [torch.tensor([-3.0, 0.5]), torch.tensor([2.0])]
    losses = game("features")
    assert losses.generator(layers).item() == pytest.approx(((3.0 - 0.5) / 2 - 2.0) / 2)
    assert losses.real(layers).item() == pytest.approx(((4.0 + 0.5) / 2 + 0.0) / 2 / 2)
    assert losses.fake(layers).item() == pytest.approx(((0.0 + 1.5) / 2 + 3.0) / 2 / 2)


def test_hinge_losses_of_half_precision_are_float32() -> None:
    layers = [torch.randn(1, 1, 8, 8).bfloat16()]
    for loss in game("features"):
        assert loss(layers).dtype == torch.float32
