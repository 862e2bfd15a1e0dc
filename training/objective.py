"""What a stage minimises: the generator's losses and the discriminator's (SPEC 6.1, 6.2)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from training.discriminator import Discriminator
from training.generator import Restoration
from training.losses.adversarial import discriminator_fake_loss, discriminator_real_loss, generator_loss
from training.losses.cleaning import cleaning_target
from training.losses.perceptual import PerceptualLoss
from training.losses.pixel import pixel_loss
from training.stage import LossOptions


class Clips(NamedTuple):
    """Clips as the losses need them, on the training device.

    Attributes:
        low: (N, T, 3, H, W), float32, 0-1.
        sharpened: (N, T, 3, 4H, 4W), float32, 0-1: the target of all losses but the adversarial.
        truth: (N, T, 3, 4H, 4W), float32, 0-1: the discriminator's real frames.
    """

    low: Tensor
    sharpened: Tensor
    truth: Tensor


class Objective(nn.Module):
    """The generator's weighted losses of one restoration.

    Args:
        options: kinds and weights.
        perceptual: None where the stage has no perceptual loss.
    """

    def __init__(self, options: LossOptions, perceptual: PerceptualLoss | None) -> None:
        super().__init__()
        self._options = options
        self.perceptual = perceptual

    def forward(
        self, result: Restoration, clips: Clips, discriminator: Discriminator | None
    ) -> dict[str, Tensor]:
        """Each loss by name, weighted; their sum is what the generator minimises."""
        options, restored = self._options, result.restored
        losses = {"pixel": options.pixel_weight * pixel_loss(options.pixel, restored, clips.sharpened)}
        if options.cleaning_weight:
            target = cleaning_target(clips.sharpened)
            losses["cleaning"] = options.cleaning_weight * pixel_loss(
                options.cleaning, result.cleaned, target
            )
        frames = restored.flatten(0, 1)
        if self.perceptual is not None and options.perceptual is not None:
            likeness = self.perceptual(frames, clips.sharpened.flatten(0, 1))
            losses["perceptual"] = options.perceptual.weight * likeness
        if discriminator is not None and options.adversarial is not None:
            losses["adversarial"] = options.adversarial.weight * generator_loss(discriminator(frames))
        return losses


def real_loss(discriminator: nn.Module, truth: Tensor) -> Tensor:
    """The discriminator's loss on ground truth as it is, not sharpened; (N, T, 3, 4H, 4W), 0-1."""
    return discriminator_real_loss(discriminator(truth.flatten(0, 1)))


def fake_loss(discriminator: nn.Module, restored: Tensor) -> Tensor:
    """The discriminator's loss on restored frames; (N, T, 3, 4H, 4W), detached from the generator."""
    return discriminator_fake_loss(discriminator(restored.flatten(0, 1)))
