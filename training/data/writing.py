"""Pictures on disk: whole, or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError
from vsrealbasicvsr import files

ImageFormat = Literal["png", "webp"]

_PNG_LEVEL = 3  # SPEC 7.1
_LOSSLESS = 101  # any WebP quality above 100


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture without loss; it gets its name only when it is whole.

    Args:
        path: ends in .png or .webp; its folder is made where it is missing.
        pixels: (H, W, 3) RGB.

    Raises:
        TrainingError: it cannot be written, as on a full disk.
    """
    options = (
        [cv2.IMWRITE_WEBP_QUALITY, _LOSSLESS]
        if path.suffix == ".webp"
        else [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    )
    _, encoded = cv2.imencode(path.suffix, np.ascontiguousarray(pixels[..., ::-1]), options)
    write_whole(path, encoded.tobytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a hidden name and rename it, so that no half file is ever left.

    Raises:
        TrainingError: it cannot be written, as on a full disk.
    """
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another place, then run "
            "it again."
        ) from error
