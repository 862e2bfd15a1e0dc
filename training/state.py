"""The training state: everything that changes from iteration to iteration, made whole at once."""

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
        network: the live generator.
        average: its moving average, which is validated and exported.
        discriminator: None in stage 1.
        optimizer: the generator's.
        discriminator_optimizer: None in stage 1.
        iteration: how many are done.
        skipped: iterations whose step was left out, because something was not finite.
        damaged: clips that could not be read, each time counted.
        best: the best value of the measure that chooses the best checkpoint, None before the first.
        gradient_ratio: smoothed length of the other losses' gradient at the picture over the adversarial
            term's; None before it was measured (see `training.losses.share`).
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
    """The state before the first iteration.

    Args:
        stage: the whole stage.
        device: where the networks are.

    Raises:
        WeightsError: weights to start from cannot be found or read.
        TrainingError: they are of another shape.
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
    # Convolutions in channels-last order took two thirds of the plain layout's time on the CPU.
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
