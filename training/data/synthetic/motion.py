"""Camera paths over a photograph: pan, zoom, rotation, perspective and hand shake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.options import MotionOptions

Array = NDArray[np.float64]
_CURVE = 0.5  # change of a speed over a clip, relative to its limit, at most
_MEMORY = 0.8  # share of the hand shake that remains in the next frame


@dataclass(frozen=True, slots=True)
class CameraPath:
    """The place of each frame in the photograph.

    Attributes:
        homographies: (T, 3, 3): they map a frame's pixel (x, y, 1) to the photograph. Pixel centres have
            whole coordinates.
        reduction: photograph pixels per frame pixel, at the place on the path where this is largest.
    """

    homographies: Array
    reduction: float


def draw_path(
    rng: np.random.Generator, options: MotionOptions, count: int, side: int, size: tuple[int, int]
) -> CameraPath:
    """Draw a smooth random path whose view never leaves the photograph and never enlarges it.

    Speeds are uniform up to the limits and change slowly; hand shake is added. If the path does not fit into
    the photograph, all motions are reduced until it does.

    Args:
        rng: random generator.
        options: limits of the motions.
        count: number of frames.
        side: side of the frames in pixels.
        size: height and width of the photograph, neither below `side`.
    """
    limits = (
        options.pan,
        options.pan,
        options.zoom,
        options.rotation,
        options.perspective,
        options.perspective,
    )
    courses = np.stack([course(rng, limit, count) for limit in limits])
    courses[:2] += np.stack([_hand_shake(rng, options.jitter, count) for _ in range(2)])
    largest = max(1.0, min(options.reduction, min(size) / side))
    base = float(rng.uniform(1.0, largest))
    where = rng.random(2)
    share = 1.0
    while True:
        path = _path(courses * share, 1 + (base - 1) * share, side)
        corners = _frame_corners(path.homographies, side)
        low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
        room = np.array((size[1] - 1, size[0] - 1)) - (high - low)
        if room.min() >= -1e-9:
            corner = np.maximum(room, 0) * where
            if not courses.any():
                corner = np.floor(corner)  # a whole pixel: without motion, no pixel changes
            return CameraPath(shift(*(corner - low)) @ path.homographies, path.reduction)
        # At share 0 there is no motion, and the view is `side` pixels, which always fit.
        share = share * 0.7 if share > 1e-3 else 0.0


def course(rng: np.random.Generator, limit: float, count: int) -> Array:
    """Draw the distance at each frame, 0 in the middle of the clip: a constant speed plus a slow change.

    Args:
        rng: random generator.
        limit: limit of the speed per frame.
        count: number of frames.
    """
    speed = rng.uniform(-limit, limit)
    change = rng.uniform(-limit, limit) * _CURVE / max(count, 1)
    time = np.arange(count) - (count - 1) / 2
    return np.asarray(speed * time + change * time**2 / 2)


def _hand_shake(rng: np.random.Generator, deviation: float, count: int) -> Array:
    shocks = np.clip(rng.standard_normal(count), -2, 2) * deviation
    values = np.zeros(count)
    for number in range(1, count):
        values[number] = _MEMORY * values[number - 1] + shocks[number]
    return values


def _path(courses: Array, base: float, side: int) -> CameraPath:
    x, y, zoom, angle, tilt_x, tilt_y = courses
    # The zoom only moves out from the base, so that no frame needs more pixels than the photograph has.
    scale = base * np.exp(zoom - zoom.min())
    tilt = np.stack((tilt_x, tilt_y)) / side
    # A tilted view sees its far edge reduced, by the sum of both tilts over half of the side.
    scale = scale * (1 + side * np.abs(tilt).sum(axis=0).max())
    homographies = np.stack(
        [
            shift(scale[t] * x[t], scale[t] * y[t])
            @ turn(np.radians(angle[t]), scale[t])
            @ _tilted(tilt[:, t])
            @ shift(*_middle(side))
            for t in range(len(x))
        ]
    )
    return CameraPath(homographies, _reduction(homographies, side))


def _middle(side: int) -> tuple[float, float]:
    return -(side - 1) / 2, -(side - 1) / 2


def shift(x: float, y: float) -> Array:
    """Return the homography of a shift by x and y pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def turn(angle: float, scale: float) -> Array:
    """Return the homography of a rotation by an angle in radians and a scaling, about (0, 0)."""
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float64)


def _tilted(tilt: Array) -> Array:
    return np.array([[1, 0, 0], [0, 1, 0], [tilt[0], tilt[1], 1]], np.float64)


def _frame_corners(homographies: Array, side: int) -> Array:
    """Return (T, 4, 2): the corners of each frame in the photograph. The whole frame lies between them."""
    far = side - 1.0
    corners = np.array([[0, 0, 1], [far, 0, 1], [0, far, 1], [far, far, 1]], np.float64)
    mapped = corners @ homographies.transpose(0, 2, 1)
    return np.asarray(mapped[..., :2] / mapped[..., 2:])


def _reduction(homographies: Array, side: int) -> float:
    """Return the largest distance in the photograph of neighbouring frame pixels, tested at the corners."""
    far = side - 1.0
    corners = np.array([[0, 0, 1], [far, 0, 1], [0, far, 1], [far, far, 1]], np.float64)
    steps = []
    for step in ([1, 0, 0], [0, 1, 0]):
        both = [(corners + sign * np.array(step)) @ homographies.transpose(0, 2, 1) for sign in (0.5, -0.5)]
        ahead, behind = (points[..., :2] / points[..., 2:] for points in both)
        steps.append(np.linalg.norm(ahead - behind, axis=-1).max())
    return float(max(steps))
