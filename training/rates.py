"""How high the learning rates are in an iteration."""

from __future__ import annotations

import math

from training.stage import OptimizerOptions


def rate_share(options: OptimizerOptions, iteration: int, iterations: int) -> float:
    """The share of the highest learning rate, 0 to 1.

    Args:
        options: the warm-up and the schedule.
        iteration: number of the iteration, from 0.
        iterations: of the whole stage.
    """
    if iteration < options.warmup:
        return (iteration + 1) / options.warmup
    if options.schedule == "constant":
        return 1.0
    done = (iteration - options.warmup) / max(1, iterations - options.warmup)
    return (1 + math.cos(math.pi * min(1.0, done))) / 2
