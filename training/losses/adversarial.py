"""The two sides of the discriminator's game: cross-entropy of logits (SPEC 6.1, type "vanilla"), or hinge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses.options import AdversarialKind


class Game(NamedTuple):
    """Losses of what a discriminator answers, a scalar in float32 each.

    Attributes:
        generator: how far the answer to restored frames is from "real".
        real: the discriminator's loss on its answer to real frames.
        fake: the same on restored frames.
    """

    generator: Callable[[Any], Tensor]
    real: Callable[[Any], Tensor]
    fake: Callable[[Any], Tensor]


def game(kind: AdversarialKind) -> Game:
    """The losses that go with a kind of discriminator: its answer is logits, or several layers' logits."""
    match kind:
        case "pixels":
            return Game(generator_loss, discriminator_real_loss, discriminator_fake_loss)
        case "features":
            return Game(hinge_generator_loss, hinge_real_loss, hinge_fake_loss)


def generator_loss(logits: Tensor) -> Tensor:
    """How far the discriminator's logits on restored frames are from "real"; scalar, float32."""
    return _real(logits)


def discriminator_real_loss(logits: Tensor) -> Tensor:
    """How far the logits on ground truth are from "real"; scalar, float32."""
    return _real(logits)


def discriminator_fake_loss(logits: Tensor) -> Tensor:
    """How far the logits on detached restored frames are from "fake"; scalar, float32."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def hinge_generator_loss(logits: Sequence[Tensor]) -> Tensor:
    """Minus the mean logit on restored frames, the mean over layers; scalar, float32; may be negative."""
    return _over_layers(logits, lambda layer: -layer)


def hinge_real_loss(logits: Sequence[Tensor]) -> Tensor:
    """How far logits on real frames are below 1, halved, the mean over layers; scalar, float32."""
    return _over_layers(logits, lambda layer: F.relu(1 - layer)) / 2


def hinge_fake_loss(logits: Sequence[Tensor]) -> Tensor:
    """How far logits on restored frames are above -1, halved, the mean over layers; scalar, float32."""
    return _over_layers(logits, lambda layer: F.relu(1 + layer)) / 2


def _over_layers(logits: Sequence[Tensor], distance: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([distance(layer.float()).mean() for layer in logits]).mean()


def _real(logits: Tensor) -> Tensor:
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
