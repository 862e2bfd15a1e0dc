"""A stage and clips that train in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from training.losses.options import AdversarialOptions, LossOptions, PerceptualOptions
from training.processes import Processes
from training.stage import (
    NetworkOptions,
    OptimizerOptions,
    RecordOptions,
    Stage,
)
from training.update.objective import Clips

ALONE = Processes(0, 1, torch.device("cpu"))


@pytest.fixture
def stage() -> Stage:
    """Stage 1 with a network of 8 channels."""
    return Stage(
        iterations=4,
        batch=2,
        network=NetworkOptions(mid_channels=8, propagation_blocks=1, cleaning_blocks=1),
        optimizer=OptimizerOptions(learning_rate=1e-3),
        record=RecordOptions(losses=1, pictures=0, checkpoint=2, tensorboard=False),
    )


@pytest.fixture
def adversarial_stage(stage: Stage) -> Stage:
    """Stage 2 without the perceptual loss, whose backbone takes a second to load."""
    return replace(stage, losses=LossOptions(adversarial=AdversarialOptions(mid_channels=4)))


@pytest.fixture
def perceptual_stage(adversarial_stage: Stage) -> Stage:
    """Stage 2 with all its losses."""
    losses = replace(adversarial_stage.losses, perceptual=PerceptualOptions(backbone="vgg16"))
    return replace(adversarial_stage, losses=losses)


@pytest.fixture
def feature_stage(perceptual_stage: Stage) -> Stage:
    """Stage 2 with a discriminator on features, weighted by its share of the gradient."""
    adversarial = AdversarialOptions(kind="features", share=0.5, mid_channels=4)
    return replace(perceptual_stage, losses=replace(perceptual_stage.losses, adversarial=adversarial))


@pytest.fixture
def make_clips() -> Callable[..., Clips]:
    """Smooth random clips: (N, T, 3, 16, 16) low and their truths."""

    def make(seed: int = 0, clips: int = 2, frames: int = 3, side: int = 16, noise: float = 0.05) -> Clips:
        generator = torch.Generator().manual_seed(seed)
        coarse = torch.rand(clips * frames, 3, side // 4, side // 4, generator=generator)
        truth = torch.nn.functional.interpolate(coarse, size=(4 * side, 4 * side), mode="bicubic").clamp(0, 1)
        low = torch.nn.functional.avg_pool2d(truth, 4)
        noisy = (low + noise * torch.randn(low.shape, generator=generator)).clamp(0, 1)
        whole = truth.view(clips, frames, 3, 4 * side, 4 * side)
        return Clips(noisy.view(clips, frames, 3, side, side), whole, whole)

    return make
