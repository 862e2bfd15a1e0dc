"""Random numbers for one clip: events, choices, and values that walk from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from training.degradation.ranges import RandomWalk, Range


def walk(
    rng: np.random.Generator, start: float, bounds: Range, frames: int, random_walk: RandomWalk
) -> tuple[float, ...]:
    """Draw one value per frame, beginning with `start`.

    Args:
        rng: random generator.
        start: the first frame's value.
        bounds: values are clipped to `low` and `high`; an increment is at most `step`.
        frames: number of values.
        random_walk: True: a random walk. False: the start value for all frames. "independent": each value is
            drawn separately, also the first.
    """
    if random_walk is False:
        return (start,) * frames
    if random_walk == "independent":
        return tuple(rng.uniform(bounds.low, bounds.high, frames).tolist())
    values = [start]
    for increment in rng.uniform(-bounds.step, bounds.step, frames - 1).tolist():
        values.append(min(max(values[-1] + increment, bounds.low), bounds.high))
    return tuple(values)


class Draw:
    """Random draws for one clip.

    Args:
        rng: random generator; the same state gives the same values.
        frames: number of frames of the clip.
        random_walk: how values change from frame to frame.
    """

    def __init__(self, rng: np.random.Generator, frames: int, random_walk: RandomWalk) -> None:
        self.rng = rng
        self.frames = frames
        self.random_walk = random_walk

    def happens(self, probability: float) -> bool:
        """Return True with a probability. A random number is used up for every probability, also for 0."""
        return bool(self.rng.random() < probability)

    def may(self, probability: float) -> bool:
        """Return True with a probability. A probability of 0 uses up no random number.

        So an option that is off does not change later draws.
        """
        return probability > 0 and self.happens(probability)

    def walk(self, bounds: Range, start: float | None = None) -> tuple[float, ...]:
        """Draw one value per frame, beginning with `start`, or with a value drawn within the bounds."""
        start = self.within(bounds.low, bounds.high) if start is None else start
        return walk(self.rng, start, bounds, self.frames, self.random_walk)

    def within(self, low: float, high: float) -> float:
        """Draw a number from low to high."""
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def seed(self) -> int:
        """Draw the seed of a random field."""
        return int(self.rng.integers(2**63))

    def one_of[T](self, choices: Sequence[T]) -> T:
        """Draw one of the choices, all with the same probability."""
        return choices[int(self.rng.integers(len(choices)))]

    def weighed[T](self, weights: Mapping[T, float]) -> T:
        """Draw one of the keys, with probabilities in proportion to the weights."""
        shares = np.array(list(weights.values())) / sum(weights.values())
        return list(weights)[int(self.rng.choice(len(shares), p=shares))]
