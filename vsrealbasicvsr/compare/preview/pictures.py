"""Pictures that wait for the page: in files, for there may be many and each may be large."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr.errors import VideoError


def write_picture(path: Path, rgb: Tensor) -> Path:
    """Write a picture as PPM, which needs no encoder and has no loss but the rounding to 8 bits.

    Args:
        path: Its name ends in .ppm.
        rgb: (3, H, W), float32; what lies outside 0-1 is clipped.

    Raises:
        VideoError: it cannot be written.
    """
    height, width = rgb.shape[1:]
    pixels = (rgb * 255).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()
    try:
        with path.open("wb") as file:
            file.write(f"P6\n{width} {height}\n255\n".encode("ascii"))
            file.write(memoryview(pixels.numpy()))
    except OSError as error:
        raise VideoError(f"cannot write {path}: {error.strerror}.") from error
    return path
