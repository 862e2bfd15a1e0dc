"""Clips of drawings that move over a background, each separately, and some with moving parts."""

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

_SIZES = (0.35, 1.3)  # range of a drawing's longer side, relative to the frame's side
_SHARPEST = 0.8  # frame pixels per drawing pixel, at most: the edges in the drawing are softer than a pixel
_PARTS = 0.5  # probability that a drawing has moving parts
_FIXED = 0.4  # probability that a drawing moves with the background, in addition to its own motion
_OVERLAP = 0.06  # of two parts, relative to the drawing's longer side, so that no gap opens between them
_PERIODS = (8.0, 40.0)  # range of the period in which a part swings to and fro, in frames


@dataclass(frozen=True, slots=True)
class DrawingClip:
    """Drawings in motion, chosen at random; any number of frames.

    Attributes:
        name: name for messages.
        drawings: paths of pictures with transparency.
        backgrounds: backgrounds that they move over.
        options: limits of their motion.
        cache: decoded pictures, shared by the clips of a process.
    """

    name: str
    drawings: tuple[Path, ...]
    backgrounds: Backgrounds
    options: DrawingOptions
    cache: PictureCache

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`. The background, the drawings and all motions are random."""
        background = self.backgrounds.film(rng, count, side)
        still = np.broadcast_to(np.eye(3), (count, 3, 3))
        layers: list[Layer] = []
        for number in range(int(rng.integers(1, self.options.layers, endpoint=True))):
            path = self.drawings[int(rng.integers(len(self.drawings)))]
            picture = self.cache.get_or(path, partial(read_drawing, path))
            base = fixed(background) if rng.random() < _FIXED else still
            spread = 0.25 if number == 0 else 0.45  # the first drawing is always well inside the frame
            layers += moving(rng, picture, self.options, base, side, spread)
        return composed(background.frames, layers)


def moving(
    rng: np.random.Generator, picture: NDArray[np.uint8], options: DrawingOptions, base: Array, side: int,
    spread: float,
) -> list[Layer]:  # fmt: skip
    """Return a moving drawing as one layer, or as two layers if it has moving parts.

    Args:
        rng: random generator.
        picture: (H, W, 4) RGBA, colours multiplied by alpha.
        options: limits of the motion.
        base: (T, 3, 3): motion to which the drawing's own is added: homographies from a pixel of the middle
            frame to each frame.
        side: side of the frames in pixels.
        spread: largest distance of its centre from the frame's centre, relative to `side`.
    """
    long = max(picture.shape[:2])
    desired = side * float(np.exp(rng.uniform(*np.log(_SIZES)))) / long
    scale = min(_SHARPEST, desired)
    smaller, _ = reduced(picture, max(1.0, 1 / (FINE * scale)))
    height, width = smaller.shape[:2]
    scale *= long / max(height, width)
    poses = _shown_poses(rng, options.hold, len(base))
    places = (
        base
        @ _own_motion(rng, options, scale, side, spread, len(base))[poses]
        @ shift(-(width - 1) / 2, -(height - 1) / 2)
    )
    if rng.random() >= _PARTS or not options.swing:
        return [Layer(smaller, places)]
    rest, part, joint = cut(rng, smaller)
    angles = _swinging(rng, options.swing, len(base))[poses]
    turned = np.stack([shift(*joint) @ turn(angle, 1.0) @ shift(-joint[0], -joint[1]) for angle in angles])
    return [Layer(rest, places), Layer(part, places @ turned)]


def cut(
    rng: np.random.Generator, picture: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, float]]:
    """Cut a drawing in two along a straight line, at a place where it is not thin.

    Args:
        rng: random generator.
        picture: (H, W, 4), colours multiplied by alpha.

    Returns:
        Two pictures of the same size that overlap a little along the cut, and the centre of the cut.
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


def _own_motion(
    rng: np.random.Generator, options: DrawingOptions, scale: float, side: int, spread: float, count: int
) -> Array:
    """Return (T, 3, 3): homographies from a drawing's pixel, relative to its centre, to the middle frame."""
    start = (side - 1) / 2 + rng.uniform(-spread, spread, 2) * side
    across, down = (course(rng, options.pan, count) for _ in range(2))
    scales = scale * np.exp(course(rng, options.zoom, count))
    angles = np.radians(rng.uniform(-20, 20) + course(rng, options.rotation, count))
    return np.stack(
        [shift(start[0] + across[t], start[1] + down[t]) @ turn(angles[t], scales[t]) for t in range(count)]
    )


def _shown_poses(rng: np.random.Generator, longest: int, count: int) -> NDArray[np.int64]:
    """Return for each frame the number of the frame whose pose it shows."""
    hold = int(rng.integers(1, longest, endpoint=True))
    phase = int(rng.integers(hold))
    return np.maximum((np.arange(count) + phase) // hold * hold - phase, 0)


def _swinging(rng: np.random.Generator, limit: float, count: int) -> Array:
    """Return the angle of a swinging part in each frame, in radians."""
    most = np.radians(rng.uniform(0.3, 1.0) * limit)
    phase, period = rng.uniform(0, 2 * np.pi), rng.uniform(*_PERIODS)
    return np.asarray(most * np.sin(phase + 2 * np.pi * np.arange(count) / period))
