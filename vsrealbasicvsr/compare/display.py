"""The form of a decoded picture in a browser: 8-bit RGB, upright, with its size and aspect."""

from __future__ import annotations

import torch
from torch import Tensor

from vsrealbasicvsr.compare.shown import Shown
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import SourceInfo


def displayed(shown: Shown, info: SourceInfo) -> Tensor:
    """Convert a frame to 8-bit RGB for a screen and rotate it upright; the number of pixels stays the same.

    The values are the R'G'B' of the video itself. Players send these to a screen without a change.

    Args:
        shown: A frame of the source that `info` describes.
        info: The colours and the rotation of the source.

    Returns:
        (3, H, W), uint8.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    rgb = upright(rgb_from_frame(shown.picture, info.colour), info)
    return (rgb * 255).round_().to(torch.uint8).contiguous()


def upright(rgb: Tensor, info: SourceInfo) -> Tensor:
    """Rotate a picture (3, H, W) as a player rotates the pictures of this source."""
    return torch.rot90(rgb, round(info.rotation / 90), (1, 2))


def display_size(info: SourceInfo) -> tuple[int, int]:
    """Return the width and height of the upright picture, in pixels."""
    return as_coded((info.width, info.height), info)


def as_coded(size: tuple[int, int], info: SourceInfo) -> tuple[int, int]:
    """Convert the width and height of an upright picture to those before rotation, or the reverse."""
    return size[::-1] if _is_on_its_side(info) else size


def display_aspect(info: SourceInfo) -> float:
    """Return the ratio of width to height of the upright picture; pixels need not be square."""
    aspect = float(info.width * (info.sample_aspect_ratio or 1) / info.height)
    return 1 / aspect if _is_on_its_side(info) else aspect


def _is_on_its_side(info: SourceInfo) -> bool:
    return round(info.rotation / 90) % 2 == 1
