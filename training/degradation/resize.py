"""Resize on the CPU: OpenCV's filters with half-pixel centres, and a filter without aliasing.

Specification, section 7.5.
"""

from __future__ import annotations

from typing import Literal, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.parameters import Filter


def even_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return the size at a scale, each side rounded down to an even number of 2 or more.

    Specification 7.4.
    """
    return max(2, 2 * int(height * scale / 2)), max(2, 2 * int(width * scale / 2))


def resized(frame: NDArray[np.float32], height: int, width: int, how: Filter) -> NDArray[np.float32]:
    """Resize an (H, W, 3) frame. Overshoots of cubic filters are not clipped."""
    if how == "antialiased":
        return (
            antialiased(torch.from_numpy(frame).movedim(-1, 0)[None], height, width)[0].movedim(0, -1).numpy()
        )
    return cast("NDArray[np.float32]", cv2.resize(frame, (width, height), interpolation=_interpolation(how)))


def antialiased(frames: Tensor, height: int, width: int) -> Tensor:
    """Resize (B, 3, H, W) frames with the bicubic filter (a = -0.5), which a reduction widens."""
    return F.interpolate(frames, (height, width), mode="bicubic", antialias=True, align_corners=False)


def _interpolation(how: Literal["area", "bilinear", "bicubic"]) -> int:
    match how:
        case "area":
            return cv2.INTER_AREA
        case "bilinear":
            return cv2.INTER_LINEAR
        case "bicubic":
            return cv2.INTER_CUBIC
