"""Random numbers for one clip: chances, choices, and values that walk from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


class Draw:
    """One clip's draws.

    Args:
        rng: what they are drawn from; the same state gives the same values.
        frames: of the clip.
        random_walk: how values change from frame to frame.
    """

    def __init__(self, rng: np.random.Generator, frames: int, random_walk: RandomWalk) -> None:
        self.rng = rng
        self.frames = frames
        self.random_walk = random_walk

    def happens(self, probability: float) -> bool:
        """Whether it does; takes a number for every probability, 0 too."""
        return bool(self.rng.random() < probability)

    def may(self, probability: float) -> bool:
        """Whether it does; a probability of 0 takes no number, and leaves all later draws as they were."""
        return probability > 0 and self.happens(probability)

    def walk(self, bounds: Range, start: float | None = None) -> tuple[float, ...]:
        """One value a frame, from `start` or a place drawn within the bounds."""
        start = self.within(bounds.low, bounds.high) if start is None else start
        return walk(self.rng, start, bounds, self.frames, self.random_walk)

    def within(self, low: float, high: float) -> float:
        """A number from low to high."""
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def seed(self) -> int:
        """Of a random field."""
        return int(self.rng.integers(2**63))

    def one_of[T](self, choices: Sequence[T]) -> T:
        """One of them, each as likely."""
        return choices[int(self.rng.integers(len(choices)))]

    def weighed[T](self, weights: Mapping[T, float]) -> T:
        """One of them, each as likely as its weight is large."""
        shares = np.array(list(weights.values())) / sum(weights.values())
        return list(weights)[int(self.rng.choice(len(shares), p=shares))]
