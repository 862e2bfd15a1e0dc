"""Backgrounds of drawings and text: a photograph or painted shapes, under a moving camera."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.cache import PictureCache
from training.data.options import MotionOptions
from training.data.synthetic.photos import Filmed, PhotoClip, film
from training.data.synthetic.pictures import read_picture

_ROOM = 1.6  # side of a painted background over that of the frame: room for the camera's motion
_SHAPES = 7  # number of painted shapes, exclusive maximum
_INK = 0.4  # probability that painted shapes have outlines


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """All backgrounds that one kind of clip may have.

    Attributes:
        photos: photographs to choose from.
        chance: probability of a photograph, if there are any.
        motion: limits of the camera's motion.
        cache: decoded pictures, shared by the clips of a process.
    """

    photos: tuple[PhotoClip, ...]
    chance: float
    motion: MotionOptions
    cache: PictureCache

    def film(self, rng: np.random.Generator, count: int, side: int) -> Filmed:
        """Draw a background and a camera's path over it.

        Args:
            rng: random generator.
            count: number of frames.
            side: side of the frames in pixels.

        Raises:
            ClipError: a photograph cannot be read.
        """
        if self.photos and rng.random() < self.chance:
            path = self.photos[int(rng.integers(len(self.photos)))].path
            picture = self.cache.get_or(path, lambda: read_picture(path))
        else:
            picture = painted(rng, round(side * _ROOM))
        return film(rng, picture, self.motion, count, side)


def fixed(background: Filmed) -> NDArray[np.float64]:
    """Return the motion of things that are fixed to the background.

    Returns:
        (T, 3, 3): homographies from a pixel of the middle frame to the same thing's place in each frame.
    """
    cameras = background.homographies
    return np.asarray(np.linalg.inv(cameras) @ cameras[len(cameras) // 2])


def painted(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Paint a flat colour or gradient with some flat shapes on it, like the background of a cartoon.

    Args:
        rng: random generator.
        side: side of the square in pixels.

    Returns:
        (side, side, 3) RGB.
    """
    picture = _gradient(rng, side)
    outlined = rng.random() < _INK
    for _ in range(int(rng.integers(_SHAPES))):
        outline = _ellipse(rng, side) if rng.random() < 0.5 else _polygon(rng, side)
        points = np.round(outline * 16).astype(np.int32)  # coordinates in 1/16 pixel: see `shift` below
        cv2.fillPoly(picture, [points], colour(rng), cv2.LINE_AA, shift=4)
        if outlined:
            cv2.polylines(
                picture, [points], True, (20, 20, 20), int(rng.integers(2, 6)), cv2.LINE_AA, shift=4
            )
    return picture


def colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw an RGB colour of any hue, from grey to vivid and from dark to light."""
    hue, saturation, value = rng.random(), rng.uniform(0.0, 0.9), rng.uniform(0.12, 1.0)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _gradient(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    start = np.array(colour(rng), np.float32)
    end = start if rng.random() < 0.3 else np.array(colour(rng), np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.arange(side, dtype=np.float32) / side - 0.5
    way = np.float32(np.cos(angle)) * along[None, :] + np.float32(np.sin(angle)) * along[:, None]
    part = np.clip(way / np.float32(np.sqrt(2)) + 0.5, 0, 1)[..., None]
    return np.round(start + (end - start) * part).astype(np.uint8)


def _ellipse(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    radii = rng.uniform(0.05, 0.4, 2) * side
    tilt = rng.uniform(0, np.pi)
    across, up = radii[0] * np.cos(angles), radii[1] * np.sin(angles)
    turned = np.stack(
        (across * np.cos(tilt) - up * np.sin(tilt), across * np.sin(tilt) + up * np.cos(tilt)), 1
    )
    return np.asarray(turned + rng.uniform(0, side, 2))


def _polygon(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Return corners around a centre, in the order of their angles, so that no edges cross."""
    corners = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.1, 0.45, corners) * side
    around = np.stack((radii * np.cos(angles), radii * np.sin(angles)), axis=1)
    return np.asarray(around + rng.uniform(0, side, 2))
