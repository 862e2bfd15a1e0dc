"""Transparent pictures that move over a background, with edges as clean as those of a renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.motion import shift

FINE = 2
"""Samples along each side of a frame pixel: layers are drawn this many times larger, then averaged."""

_ENLARGED = 1.05  # layer pixels per sample, up to which a layer is not reduced before it is sampled


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that moves.

    Attributes:
        picture: (H, W, 4) RGBA of 8 bits, colours multiplied by alpha.
        homographies: (T, 3, 3): they map a pixel (x, y, 1) of the picture to each frame. Pixel centres have
            whole coordinates.
    """

    picture: NDArray[np.uint8]
    homographies: NDArray[np.float64]


def composed(background: NDArray[np.uint8], layers: Sequence[Layer]) -> NDArray[np.uint8]:
    """Draw layers over a background, the first one lowest.

    Each layer is first reduced by area to about the resolution of the samples. Then it is sampled linearly at
    `FINE` times `FINE` places in a pixel. So edges are neither jagged nor ringing.

    Args:
        background: (T, S, S, 3).
        layers: layers with T homographies each.

    Returns:
        (T, S, S, 3), new.
    """
    frames = background.copy()
    for layer in layers:
        smaller = _at_resolution(layer)
        for frame, homography in zip(frames, smaller.homographies, strict=True):
            _lay(frame, smaller.picture, homography)
    return frames


def reduced(picture: NDArray[np.uint8], reduction: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Make a smaller copy, averaged by area.

    Args:
        picture: (H, W, C).
        reduction: pixels of the picture per pixel of the copy; at least 1.

    Returns:
        The copy, and the homography from its pixels to the picture's.
    """
    height, width = picture.shape[:2]
    size = (max(1, round(width / reduction)), max(1, round(height / reduction)))
    smaller = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    across, down = width / size[0], height / size[1]
    back = np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]], np.float64)
    return cast("NDArray[np.uint8]", smaller), back


def _at_resolution(layer: Layer) -> Layer:
    height, width = layer.picture.shape[:2]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    scale = np.mean([_enlargement(homography, middle) for homography in layer.homographies])
    reduction = 1 / (FINE * float(scale))
    if reduction <= _ENLARGED:
        return layer
    smaller, back = reduced(layer.picture, reduction)
    return Layer(smaller, layer.homographies @ back)


def _enlargement(homography: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Return frame pixels per layer pixel at a point: the square root of the mapping's Jacobian there."""
    depth = homography[2] @ (*point, 1.0)
    return float(np.sqrt(abs(np.linalg.det(homography) / depth**3)))


def _lay(frame: NDArray[np.uint8], picture: NDArray[np.uint8], homography: NDArray[np.float64]) -> None:
    """Draw the picture into a frame (S, S, 3), within the box that it covers."""
    left, top, right, bottom = _box(frame, picture, homography)
    if left >= right or top >= bottom:
        return
    finer = np.array([[FINE, 0, (FINE - 1) / 2], [0, FINE, (FINE - 1) / 2], [0, 0, 1]], np.float64)
    size = ((right - left) * FINE, (bottom - top) * FINE)
    samples = cv2.warpPerspective(
        picture, finer @ shift(-left, -top) @ homography, size, flags=cv2.INTER_LINEAR
    )
    pixels = cv2.resize(samples, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    behind = frame[top:bottom, left:right]
    seen = cv2.merge([255 - pixels[..., 3]] * 3)
    frame[top:bottom, left:right] = cv2.add(
        cv2.multiply(behind, seen, scale=1 / 255), np.ascontiguousarray(pixels[..., :3])
    )


def _box(
    frame: NDArray[np.uint8], picture: NDArray[np.uint8], homography: NDArray[np.float64]
) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the box in the frame that the picture can cover."""
    height, width = picture.shape[:2]
    outline = np.array([[-1, -1, 1], [width, -1, 1], [-1, height, 1], [width, height, 1]], np.float64)
    mapped = outline @ homography.T
    if mapped[:, 2].min() <= 0:  # it reaches behind the camera, and so can be anywhere in the frame
        return 0, 0, frame.shape[1], frame.shape[0]
    places = mapped[:, :2] / mapped[:, 2:]
    low, high = np.floor(places.min(axis=0)), np.ceil(places.max(axis=0)) + 1
    left, top = np.clip(low, 0, frame.shape[1::-1]).astype(int)
    right, bottom = np.clip(high, 0, frame.shape[1::-1]).astype(int)
    return int(left), int(top), int(right), int(bottom)
