"""Resize on the CPU: OpenCV's area, linear and cubic filters, half-pixel centres (SPEC 7.5)."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from training.degradation.parameters import Filter


def even_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """The size at a scale, each side rounded down to an even number of 2 or more (SPEC 7.4)."""
    return max(2, 2 * int(height * scale / 2)), max(2, 2 * int(width * scale / 2))


def resized(frame: NDArray[np.float32], height: int, width: int, how: Filter) -> NDArray[np.float32]:
    """An (H, W, 3) frame at another size; cubic overshoots are not clipped."""
    return cast("NDArray[np.float32]", cv2.resize(frame, (width, height), interpolation=_interpolation(how)))


def _interpolation(how: Filter) -> int:
    match how:
        case "area":
            return cv2.INTER_AREA
        case "bilinear":
            return cv2.INTER_LINEAR
        case "bicubic":
            return cv2.INTER_CUBIC
