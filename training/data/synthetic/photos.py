"""Clips of photographs with a camera that moves over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.cache import PictureCache
from training.data.options import MotionOptions
from training.data.synthetic.motion import draw_path
from training.data.synthetic.pictures import read_picture

_ENLARGED = 1.02  # photograph pixels per frame pixel, up to which no reduced copy is made


class Filmed(NamedTuple):
    """The frames that a camera takes of a picture, and their places in it.

    Attributes:
        frames: (T, side, side, 3).
        homographies: (T, 3, 3), from a frame's pixel to the picture's.
    """

    frames: NDArray[np.uint8]
    homographies: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PhotoClip:
    """One photograph; any number of frames.

    Attributes:
        path: path of the file.
        motion: limits of the camera's motion.
        cache: decoded pictures, shared by the clips of a process.
    """

    path: Path
    motion: MotionOptions
    cache: PictureCache

    @property
    def name(self) -> str:
        """The path of the file."""
        return str(self.path)

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`. The camera's path is random."""
        photo = self.cache.get_or(self.path, lambda: read_picture(self.path))
        return film(rng, photo, self.motion, count, side).frames


def film(
    rng: np.random.Generator, photo: NDArray[np.uint8], motion: MotionOptions, count: int, side: int
) -> Filmed:
    """Draw a camera's path over a picture and follow it.

    Args:
        rng: random generator.
        photo: (H, W, 3), neither side below `side`.
        motion: limits of the camera's motion.
        count: number of frames.
        side: side of the frames in pixels.
    """
    path = draw_path(rng, motion, count, side, (photo.shape[0], photo.shape[1]))
    return Filmed(filmed(photo, path.homographies, path.reduction, side), path.homographies)


def filmed(
    photo: NDArray[np.uint8], homographies: NDArray[np.float64], reduction: float, side: int
) -> NDArray[np.uint8]:
    """Return the frames that a camera takes.

    If the camera sees the photograph reduced, a copy that was reduced by area is sampled instead. So there is
    no aliasing. The sampling is bicubic, exact to 1/32 pixel (OpenCV).

    Args:
        photo: (H, W, 3).
        homographies: (T, 3, 3), from a frame's pixel to the photograph's.
        reduction: photograph pixels per frame pixel, at most.
        side: side of the frames in pixels.

    Returns:
        (T, side, side, 3).
    """
    if reduction > _ENLARGED:
        height, width = photo.shape[:2]
        size = (max(side, round(width / reduction)), max(side, round(height / reduction)))
        smaller = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        homographies = _to_smaller(width / size[0], height / size[1]) @ homographies
        photo = cast("NDArray[np.uint8]", smaller)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frames = [
        cv2.warpPerspective(photo, homography, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for homography in homographies
    ]
    return cast("NDArray[np.uint8]", np.stack(frames))


def _to_smaller(across: float, down: float) -> NDArray[np.float64]:
    """Return the homography from pixel centres of a picture to those of its reduced copy."""
    return np.array(
        [[1 / across, 0, 0.5 / across - 0.5], [0, 1 / down, 0.5 / down - 0.5], [0, 0, 1]], np.float64
    )
