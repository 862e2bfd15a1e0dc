"""The adversarial term's weight from its share of the gradient of all other losses at the picture.

The ratio of the two gradients' lengths is measured in every eighth iteration, over the whole batch, and
smoothed. A measurement is used from the next iteration on, so that the weight is the same for all parts of a
batch and in all processes. A fixed weight must be tuned again for every change of the other losses; a share
need not.
"""

from __future__ import annotations

import math

from training.losses.options import AdversarialOptions

_INTERVAL = 8  # iterations between measurements
_RAMP = 40  # iterations over which the weight rises
_NEWEST = 0.3  # weight of a new measurement


def adversarial_weight(options: AdversarialOptions, iteration: int, ratio: float | None) -> float:
    """Return the weight of the generator's adversarial term in an iteration.

    Args:
        options: `share` and `weight` are read.
        iteration: iteration of the stage, from 0.
        ratio: the smoothed ratio before the iteration; None before the first measurement.
    """
    if not options.share:
        return options.weight
    return options.share * (ratio or 0.0) * min(1.0, iteration / _RAMP)


def is_measured(options: AdversarialOptions, iteration: int, ratio: float | None) -> bool:
    """Return whether the ratio is measured in an iteration."""
    return options.share > 0 and (ratio is None or iteration % _INTERVAL == 0)


def smoothed_ratio(before: float | None, others: float, adversarial: float) -> float | None:
    """Return the smoothed ratio after a measurement.

    Args:
        before: the smoothed ratio so far; None before the first measurement.
        others: length of the other losses' gradient at the picture.
        adversarial: length of the gradient of the adversarial term, without its weight.

    Returns:
        The new ratio; `before` if the measurement is invalid, because a length is 0 or not finite.
    """
    if not (adversarial > 0 and math.isfinite(others / adversarial)):
        return before
    ratio = others / adversarial
    return ratio if before is None else (1 - _NEWEST) * before + _NEWEST * ratio
