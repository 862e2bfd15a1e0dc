"""Adversarial losses of generator and discriminator: cross-entropy or hinge.

Specification, section 6.1, has the first, as type "vanilla".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses.options import AdversarialKind


class Game(NamedTuple):
    """The loss functions of a discriminator's output. Each returns a scalar, float32.

    Attributes:
        generator: the generator's loss: distance of the output for restored frames from "real".
        real: the discriminator's loss for real frames.
        fake: the discriminator's loss for restored frames.
    """

    generator: Callable[[Any], Tensor]
    real: Callable[[Any], Tensor]
    fake: Callable[[Any], Tensor]


def game(kind: AdversarialKind) -> Game:
    """Return the losses for a kind of discriminator, whose output is logits, or several layers' logits."""
    match kind:
        case "pixels":
            return Game(generator_loss, discriminator_real_loss, discriminator_fake_loss)
        case "features":
            return Game(hinge_generator_loss, hinge_real_loss, hinge_fake_loss)


def generator_loss(logits: Tensor) -> Tensor:
    """Return the distance of the logits for restored frames from "real"; a scalar, float32."""
    return _real(logits)


def discriminator_real_loss(logits: Tensor) -> Tensor:
    """Return the distance of the logits for ground truth from "real"; a scalar, float32."""
    return _real(logits)


def discriminator_fake_loss(logits: Tensor) -> Tensor:
    """Return the distance of the logits for detached restored frames from "fake"; a scalar, float32."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def hinge_generator_loss(logits: Sequence[Tensor]) -> Tensor:
    """Return minus the mean logit for restored frames, mean over layers; a scalar, float32, any sign."""
    return _over_layers(logits, lambda layer: -layer)


def hinge_real_loss(logits: Sequence[Tensor]) -> Tensor:
    """Return half the distance of real frames' logits below 1, mean over layers; a scalar, float32."""
    return _over_layers(logits, lambda layer: F.relu(1 - layer)) / 2


def hinge_fake_loss(logits: Sequence[Tensor]) -> Tensor:
    """Return half the distance of restored frames' logits above -1, mean over layers; a scalar, float32."""
    return _over_layers(logits, lambda layer: F.relu(1 + layer)) / 2


def _over_layers(logits: Sequence[Tensor], distance: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([distance(layer.float()).mean() for layer in logits]).mean()


def _real(logits: Tensor) -> Tensor:
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
