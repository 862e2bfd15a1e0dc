"""JPEG compression on the CPU (SPEC 7.5)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def compressed(frame: NDArray[np.uint8], quality: int, *, swapped: bool) -> NDArray[np.uint8]:
    """Encode and decode one frame, 4:2:0.

    Args:
        frame: (H, W, 3) RGB.
        quality: 1-100.
        swapped: hand RGB over as if it were BGR, as the released code does: red and blue change their
            weights in the luma, the colours come back in place.
    """
    ordered = frame if swapped else frame[..., ::-1]
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(ordered), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded if swapped else decoded[..., ::-1], np.uint8)
