"""The interface of clips, from which samples are cut; random places for the cuts."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Clip(Protocol):
    """A sequence of pictures without a scene cut. Clips can be pickled; loader processes get copies."""

    @property
    def name(self) -> str:
        """The origin of the clip, for messages."""

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """Cut out a random piece.

        Args:
            rng: draws the piece; the same state gives the same pixels.
            count: number of consecutive frames, at most those of the clip.
            side: side of the square in pixels, at most the shorter side of the pictures.

        Returns:
            (count, side, side, 3) RGB.

        Raises:
            ClipError: a file of the clip is damaged; the message names the file.
        """


class Place(NamedTuple):
    """The first frame of a piece, and its upper left corner in pixels."""

    start: int
    top: int
    left: int


def draw_place(rng: np.random.Generator, frames: int, size: tuple[int, int], count: int, side: int) -> Place:
    """Draw a place, uniformly from all where the piece fits; x is drawn before y (specification 7.2).

    Args:
        rng: random generator.
        frames: number of frames of the clip.
        size: height and width of the clip.
        count: number of frames of the piece.
        side: side of the piece's square in pixels.
    """
    height, width = size
    start = int(rng.integers(frames - count, endpoint=True))
    left = int(rng.integers(width - side, endpoint=True))
    top = int(rng.integers(height - side, endpoint=True))
    return Place(start, top, left)
