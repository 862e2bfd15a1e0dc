"""Random walks: how a parameter changes from frame to frame (paper Eq. 6, SPEC 7.4)."""

from __future__ import annotations

import numpy as np

from training.degradation.ranges import RandomWalk, Range


def walk(
    rng: np.random.Generator, start: float, bounds: Range, frames: int, random_walk: RandomWalk
) -> tuple[float, ...]:
    """One value a frame, beginning with `start`.

    Args:
        rng: draws the increments.
        start: the first frame's value.
        bounds: values are clipped to low and high; an increment is at most `step`.
        frames: how many values.
        random_walk: True walks, False holds the start, "independent" draws each value anew.
    """
    if random_walk is False:
        return (start,) * frames
    if random_walk == "independent":
        return tuple(rng.uniform(bounds.low, bounds.high, frames).tolist())
    values = [start]
    for increment in rng.uniform(-bounds.step, bounds.step, frames - 1).tolist():
        values.append(min(max(values[-1] + increment, bounds.low), bounds.high))
    return tuple(values)
