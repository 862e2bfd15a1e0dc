"""Drawings as clips: some of them move over a background, each by itself and some with moving parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.cache import PictureCache
from training.data.options import DrawingOptions
from training.data.synthetic.backgrounds import Backgrounds, fixed
from training.data.synthetic.layers import FINE, Layer, composed, reduced
from training.data.synthetic.motion import course, shift, turn
from training.data.synthetic.pictures import read_drawing

Array = NDArray[np.float64]

_SIZES = (0.35, 1.3)  # of a drawing's longer side, for the frame's
_SHARPEST = 0.8  # frame pixels for a drawing's pixel, at most: its own edges are softer than that
_PARTS = 0.5  # chance that a drawing has moving parts
_FIXED = 0.4  # chance that drawings move with the background, beside their own motion
_OVERLAP = 0.06  # of two parts, for the drawing's longer side, so that no gap opens between them
_PERIODS = (8.0, 40.0)  # frames in which a part swings to and fro


@dataclass(frozen=True, slots=True)
class DrawingClip:
    """Any of some drawings in motion; as many frames as are asked for.

    Attributes:
        name: for messages.
        drawings: paths of pictures with transparency.
        backgrounds: what they move over.
        options: the most that they may move.
        cache: shared by the clips of a process.
    """

    name: str
    drawings: tuple[Path, ...]
    backgrounds: Backgrounds
    options: DrawingOptions
    cache: PictureCache

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`: background, drawings and all motions are drawn."""
        background = self.backgrounds.film(rng, count, side)
        still = np.broadcast_to(np.eye(3), (count, 3, 3))
        layers: list[Layer] = []
        for number in range(int(rng.integers(1, self.options.layers, endpoint=True))):
            path = self.drawings[int(rng.integers(len(self.drawings)))]
            picture = self.cache.get_or(path, partial(read_drawing, path))
            base = fixed(background) if rng.random() < _FIXED else still
            spread = 0.25 if number == 0 else 0.45  # the first one is always well in the frame
            layers += moving(rng, picture, self.options, base, side, spread)
        return composed(background.frames, layers)


def moving(
    rng: np.random.Generator, picture: NDArray[np.uint8], options: DrawingOptions, base: Array, side: int,
    spread: float,
) -> list[Layer]:  # fmt: skip
    """A drawing that moves, as one layer, or as two where it has parts that move.

    Args:
        rng: draws.
        picture: (H, W, 4) RGBA, colours multiplied by alpha.
        options: the most that it may move.
        base: (T, 3, 3): from a pixel of the middle frame to each frame's, what its own motion is added to.
        side: of the frames, pixels.
        spread: how far its middle may be from the frame's, of the side.
    """
    long = max(picture.shape[:2])
    wanted = side * float(np.exp(rng.uniform(*np.log(_SIZES)))) / long
    scale = min(_SHARPEST, wanted)
    smaller, _ = reduced(picture, max(1.0, 1 / (FINE * scale)))
    height, width = smaller.shape[:2]
    scale *= long / max(height, width)
    held = _held(rng, options.hold, len(base))
    places = (
        base
        @ _own(rng, options, scale, side, spread, len(base))[held]
        @ shift(-(width - 1) / 2, -(height - 1) / 2)
    )
    if rng.random() >= _PARTS or not options.swing:
        return [Layer(smaller, places)]
    rest, part, joint = cut(rng, smaller)
    angles = _swinging(rng, options.swing, len(base))[held]
    turned = np.stack([shift(*joint) @ turn(angle, 1.0) @ shift(-joint[0], -joint[1]) for angle in angles])
    return [Layer(rest, places), Layer(part, places @ turned)]


def cut(
    rng: np.random.Generator, picture: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, float]]:
    """Cut a drawing in two along a straight line, where it is not thin.

    Args:
        rng: draws.
        picture: (H, W, 4), colours multiplied by alpha.

    Returns:
        Two pictures of the same size that overlap a little along the cut, and the middle of the cut.
    """
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(-0.5, 0.5) + rng.integers(4) * np.pi / 2
    weights = picture[..., 3].astype(np.float32) + 1e-3
    across = np.float32(np.cos(angle)) * columns + np.float32(np.sin(angle)) * rows
    middle = float((across * weights).sum() / weights.sum())
    spread = float(np.sqrt(((across - middle) ** 2 * weights).sum() / weights.sum()))
    beyond = across - np.float32(middle + rng.uniform(-0.6, 0.6) * spread)
    overlap = np.float32(_OVERLAP * max(height, width))
    at_cut = weights * (np.abs(beyond) <= 1)
    total = float(at_cut.sum()) or 1.0
    joint = (float((at_cut * columns).sum()) / total, float((at_cut * rows).sum()) / total)
    rest = np.clip(overlap - beyond, 0, 1)  # a soft edge of one pixel
    part = np.clip(overlap + beyond, 0, 1)
    return _masked(picture, rest), _masked(picture, part), joint


def _masked(picture: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(picture * mask[..., None]).astype(np.uint8)


def _own(
    rng: np.random.Generator, options: DrawingOptions, scale: float, side: int, spread: float, count: int
) -> Array:
    """(T, 3, 3): from a drawing's pixel, measured from its middle, to the middle frame's."""
    start = (side - 1) / 2 + rng.uniform(-spread, spread, 2) * side
    across, down = (course(rng, options.pan, count) for _ in range(2))
    scales = scale * np.exp(course(rng, options.zoom, count))
    angles = np.radians(rng.uniform(-20, 20) + course(rng, options.rotation, count))
    return np.stack(
        [shift(start[0] + across[t], start[1] + down[t]) @ turn(angles[t], scales[t]) for t in range(count)]
    )


def _held(rng: np.random.Generator, longest: int, count: int) -> NDArray[np.int64]:
    """For each frame, the one whose pose it shows."""
    hold = int(rng.integers(1, longest, endpoint=True))
    phase = int(rng.integers(hold))
    return np.maximum((np.arange(count) + phase) // hold * hold - phase, 0)


def _swinging(rng: np.random.Generator, limit: float, count: int) -> Array:
    """Angles in radians."""
    most = np.radians(rng.uniform(0.3, 1.0) * limit)
    phase, period = rng.uniform(0, 2 * np.pi), rng.uniform(*_PERIODS)
    return np.asarray(most * np.sin(phase + 2 * np.pi * np.arange(count) / period))
