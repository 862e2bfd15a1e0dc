"""What samples are cut out of."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Clip(Protocol):
    """A sequence of pictures without a scene cut. Clips pickle: loader processes get copies."""

    @property
    def name(self) -> str:
        """For messages: where it comes from."""

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """Cut out a random piece.

        Args:
            rng: decides which; the same state gives the same pixels.
            count: consecutive frames, at most as many as it has.
            side: of the square in pixels, at most the pictures' shorter side.

        Returns:
            (count, side, side, 3) RGB.

        Raises:
            ClipError: a file of it is damaged; the message names it.
        """


class Place(NamedTuple):
    """Where a piece begins: its first frame, and its upper left corner in pixels."""

    start: int
    top: int
    left: int


def draw_place(rng: np.random.Generator, frames: int, size: tuple[int, int], count: int, side: int) -> Place:
    """Uniform over all places where the piece fits; x is drawn before y (SPEC 7.2).

    Args:
        rng: draws.
        frames: of the clip.
        size: its height and width.
        count: frames of the piece.
        side: of its square.
    """
    height, width = size
    start = int(rng.integers(frames - count, endpoint=True))
    left = int(rng.integers(width - side, endpoint=True))
    top = int(rng.integers(height - side, endpoint=True))
    return Place(start, top, left)
