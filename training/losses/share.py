"""The adversarial term's weight as a share of the gradient that all other losses send to the picture.

The ratio of the two gradients' lengths is measured in every eighth iteration, over the whole batch, and
smoothed. A measurement counts from the next iteration on, so that the weight is the same for all parts of a
batch and in all processes. Weights by hand want tuning for every change of the other losses; a share does
not.
"""

from __future__ import annotations

import math

from training.losses.options import AdversarialOptions

_INTERVAL = 8  # iterations
_RAMP = 40  # iterations
_NEWEST = 0.3  # how much a new measurement counts


def adversarial_weight(options: AdversarialOptions, iteration: int, ratio: float | None) -> float:
    """The weight of the generator's adversarial term in an iteration.

    Args:
        options: `share` and `weight` are read.
        iteration: of the stage, from 0.
        ratio: the smoothed one before the iteration; None before the first was measured.
    """
    if not options.share:
        return options.weight
    return options.share * (ratio or 0.0) * min(1.0, iteration / _RAMP)


def is_measured(options: AdversarialOptions, iteration: int, ratio: float | None) -> bool:
    """Whether an iteration measures the ratio."""
    return options.share > 0 and (ratio is None or iteration % _INTERVAL == 0)


def smoothed_ratio(before: float | None, others: float, adversarial: float) -> float | None:
    """The ratio after a measurement.

    Args:
        before: the smoothed one so far; None before the first.
        others: length of the other losses' gradient at the picture.
        adversarial: length of the gradient of the adversarial term, not weighted.

    Returns:
        The new one; the one before where this measurement says nothing, because a length is 0 or not finite.
    """
    if not (adversarial > 0 and math.isfinite(others / adversarial)):
        return before
    ratio = others / adversarial
    return ratio if before is None else (1 - _NEWEST) * before + _NEWEST * ratio
