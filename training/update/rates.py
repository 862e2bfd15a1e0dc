"""The learning rates in an iteration: warm-up and schedule."""

from __future__ import annotations

import math

from training.stage import OptimizerOptions, Stage
from training.state import State


def rate_share(options: OptimizerOptions, iteration: int, iterations: int) -> float:
    """Return the learning rate relative to the highest one, 0 to 1.

    Args:
        options: warm-up and schedule.
        iteration: number of the iteration, from 0.
        iterations: number of iterations of the whole stage.
    """
    if iteration < options.warmup:
        return (iteration + 1) / options.warmup
    if options.schedule == "constant":
        return 1.0
    done = (iteration - options.warmup) / max(1, iterations - options.warmup)
    return (1 + math.cos(math.pi * min(1.0, done))) / 2


def set_rates(stage: Stage, state: State) -> None:
    """Set the learning rates of both optimisers for the state's iteration."""
    options, adversarial = stage.optimizer, stage.losses.adversarial
    share = rate_share(options, state.iteration, stage.iterations)
    for group in state.optimizer.param_groups:
        group["lr"] = options.learning_rate * share
    if state.discriminator_optimizer is not None and adversarial is not None:
        for group in state.discriminator_optimizer.param_groups:
            group["lr"] = adversarial.learning_rate * share
