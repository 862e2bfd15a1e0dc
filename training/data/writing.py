"""Atomic writing of pictures and other files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError
from vsrealbasicvsr import files

ImageFormat = Literal["png", "webp"]

_PNG_LEVEL = 3  # specification, section 7.1
_LOSSLESS = 101  # OpenCV writes WebP without loss at any quality above 100


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture without loss. It gets its name only when it is complete.

    Args:
        path: path that ends in .png or .webp; a missing folder is created.
        pixels: (H, W, 3) RGB.

    Raises:
        TrainingError: the file cannot be written, for example on a full disk.
    """
    options = (
        [cv2.IMWRITE_WEBP_QUALITY, _LOSSLESS]
        if path.suffix == ".webp"
        else [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    )
    _, encoded = cv2.imencode(path.suffix, np.ascontiguousarray(pixels[..., ::-1]), options)
    write_whole(path, encoded.tobytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a hidden name and rename it, so that an incomplete file is never left behind.

    Raises:
        TrainingError: the file cannot be written, for example on a full disk.
    """
    try:
        files.write_whole(path, content, contested=True)  # by all processes of a run
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another place, then run "
            "it again."
        ) from error
