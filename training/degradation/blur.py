"""Blur on the CPU (SPEC 7.5)."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray


def blurred(frame: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    """Correlate the three channels of an (H, W, 3) frame with one kernel; the border is reflect-101."""
    return cast("NDArray[np.float32]", cv2.filter2D(frame, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
