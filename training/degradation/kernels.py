"""Blur kernels (docs/specification.md, section 8)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from training.degradation.parameters import Blur

_POINTS = 192  # number of points for Bessel's integral


def kernel(blur: Blur, frame: int) -> NDArray[np.float64]:
    """Return the kernel of one frame: (size, size), float64, sum 1. A sinc has negative values."""
    axis = np.arange(blur.size, dtype=np.float64) - (blur.size - 1) / 2
    x, y = np.meshgrid(axis, axis)
    if blur.kind == "sinc":
        values = _sinc(x, y, blur.cutoff[frame])
    else:
        values = _bell(blur, frame, _distance(blur, frame, x, y))
    return values / values.sum()


def _distance(blur: Blur, frame: int, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    sx, sy, angle = blur.sigma_x[frame], blur.sigma_y[frame], blur.angle[frame]
    if not blur.kind.endswith("aniso"):
        covariance = np.array([[sx**2, 0.0], [0.0, sx**2]], np.float32)
    else:
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        covariance = (turn @ np.diag([sx**2, sy**2]) @ turn.T).astype(np.float32)
    inverse = np.linalg.inv(covariance)
    points = np.stack((x, y), axis=-1)
    return np.asarray(np.sum((points @ inverse) * points, axis=-1))


def _bell(blur: Blur, frame: int, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    if blur.kind.startswith("plateau"):
        return np.asarray(1 / (1 + distance ** blur.beta[frame]))
    if blur.kind.startswith("generalized"):
        return np.asarray(np.exp(-0.5 * distance ** blur.beta[frame]))
    return np.asarray(np.exp(-0.5 * distance))


def _sinc(x: NDArray[np.float64], y: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    radius = np.hypot(x, y)
    centre = radius == 0
    safe = np.where(centre, 1.0, radius)
    distances, places = np.unique(safe, return_inverse=True)
    rings = cutoff * _bessel_j1(cutoff * distances) / (2 * math.pi * distances)
    return np.asarray(np.where(centre, cutoff**2 / (4 * math.pi), rings[places].reshape(radius.shape)))


def _bessel_j1(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute Bessel's integral by the midpoint rule, exact to 1e-14 up to x = 230: kernels of 101 pixels.

    torch.special.bessel_j1 has an error of 2e-9 in float64.
    """
    angle = (np.arange(_POINTS) + 0.5) * (math.pi / _POINTS)
    return np.asarray(np.cos(angle - x[:, None] * np.sin(angle)).mean(axis=1))
