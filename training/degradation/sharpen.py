"""Unsharp mask of the ground truth, on the CPU (specification, section 7.6)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE, _SIGMA, _WEIGHT, _THRESHOLD = 51, 8.0, 0.5, 10.0


def sharpen(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sharpen a frame (H, W, 3), 0-1, where it differs from its blur by more than 10 levels of 255."""
    residue = frame - _blurred(frame)
    soft = _blurred((np.abs(residue) * 255 > _THRESHOLD).astype(np.float32))
    sharp = np.clip(frame + _WEIGHT * residue, 0.0, 1.0)
    return np.asarray(soft * sharp + (1 - soft) * frame, np.float32)


def _blurred(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(frame, (_SIZE, _SIZE), _SIGMA, borderType=cv2.BORDER_REFLECT_101))
