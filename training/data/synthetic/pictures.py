"""Picture files: listing, sizes and reading."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vsrealbasicvsr.errors import ClipError

SUFFIXES = frozenset((".png", ".webp", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"))


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures directly in a folder, in the natural order of their names (9 before 10).

    Hidden files are ignored.
    """
    paths = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted((path for path in paths if not path.name.startswith(".") and path.is_file()), key=_natural)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) RGB of 8 bits. Transparency is dropped; higher bit depths are reduced.

    An orientation tag is ignored, so that the size is the stored one.

    Raises:
        ClipError: the picture cannot be read.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror}.") from error
    pixels = None
    if len(content):
        try:
            pixels = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error:  # a size beyond OpenCV's limits; all other failures return None
            pixels = None
    if pixels is None:
        raise ClipError(f"{path} is damaged or no picture.")
    return np.asarray(pixels[..., ::-1])


def read_drawing(path: Path) -> NDArray[np.uint8]:
    """Read a picture with its transparency as (H, W, 4) RGBA of 8 bits, colours multiplied by alpha.

    Raises:
        ClipError: the picture cannot be read.
    """
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGBA").convert("RGBa"))
    except (UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise ClipError(f"{path} is damaged or no picture.") from error
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror or 'it is damaged'}.") from error


def picture_size(path: Path) -> tuple[int, int]:
    """Return height and width, read from the file's header.

    Raises:
        ClipError: the file is not a picture.
    """
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except (UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise ClipError(f"{path} is damaged or no picture.") from error
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror or 'it is damaged'}.") from error


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
