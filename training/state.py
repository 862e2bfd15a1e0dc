"""The training state: everything that changes from iteration to iteration."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Adam

from training.errors import TrainingError
from training.losses.discriminator import Discriminator
from training.losses.feature_discriminator import FeatureDiscriminator, Judge
from training.losses.options import AdversarialOptions
from training.model.initial import initial_network
from training.stage import Stage
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.weights import resolve
from vsrealbasicvsr.weights.untrusted_torch import read_torch


@dataclass(slots=True)
class State:
    """Weights, optimisers and counters after `iteration` iterations.

    Attributes:
        network: the generator that is trained.
        average: the moving average of the generator's weights, which is validated and exported.
        discriminator: the discriminator; None in stage 1.
        optimizer: the generator's optimiser.
        discriminator_optimizer: the discriminator's optimiser; None in stage 1.
        iteration: number of finished iterations.
        skipped: number of iterations whose step was omitted because a value was not finite.
        damaged: number of times that a clip could not be read.
        best: best value so far of the measure that chooses the best checkpoint; None before the first.
        gradient_ratio: smoothed ratio of two gradient lengths at the picture: that of the other losses over
            that of the adversarial loss. None before the first measurement (see `training.losses.share`).
    """

    network: RealBasicVSR
    average: RealBasicVSR
    discriminator: Judge | None
    optimizer: Adam
    discriminator_optimizer: Adam | None
    iteration: int = 0
    skipped: int = 0
    damaged: int = 0
    best: float | None = None
    gradient_ratio: float | None = None


def initial_state(stage: Stage, device: torch.device) -> State:
    """Make the state before the first iteration.

    Args:
        stage: the whole stage.
        device: the device for the networks.

    Raises:
        WeightsError: weights to start from cannot be found or read.
        TrainingError: weights to start from have other shapes.
    """
    network = initial_network(stage.network, stage.seed, average=False)
    average = initial_network(stage.network, stage.seed, average=True)
    adversarial = stage.losses.adversarial
    discriminator = _discriminator(adversarial, stage.seed) if adversarial and adversarial.active else None
    _place(network, device)
    _place(average.eval().requires_grad_(False), device)
    options, rate = stage.optimizer, adversarial.learning_rate if adversarial else 0.0
    optimizer = Adam(network.parameters(), lr=options.learning_rate, betas=options.betas)
    second = None
    if discriminator is not None:
        _place(discriminator.train(), device)
        second = Adam(discriminator.parameters(), lr=rate, betas=options.betas)
    return State(network, average, discriminator, optimizer, second)


def _place(module: nn.Module, device: torch.device) -> None:
    # On the CPU, convolutions in channels-last order took two thirds of the time of the plain layout.
    module.to(device).to(memory_format=torch.channels_last)


def _discriminator(options: AdversarialOptions, seed: int) -> Judge:
    kind = FeatureDiscriminator if options.kind == "features" else Discriminator
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        discriminator: Judge = kind(options.mid_channels)
    if options.init != "random":
        saved = read_torch(resolve(options.init))
        tensors = saved.get("state_dict", {}) if isinstance(saved, dict) else {}
        prefix = "discriminator."
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        try:
            discriminator.load_state_dict(own)
        except RuntimeError as error:
            raise TrainingError(
                f"{options.init} holds no discriminator of this shape; set losses.adversarial.init, kind and "
                "mid_channels to one that does, or init to random."
            ) from error
    return discriminator
