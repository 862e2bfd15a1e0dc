"""A decoded picture as a browser is to show it."""

from __future__ import annotations

import torch
from torch import Tensor

from vsrealbasicvsr.compare.shown import Shown
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import SourceInfo


def displayed(shown: Shown, info: SourceInfo) -> Tensor:
    """Turn a frame into codes of a screen, turned upright; pixels stay as many as they are.

    The values are the video's own R'G'B', which players hand to a screen as they are.

    Args:
        shown: Of the source that `info` describes.
        info: Its colours and its rotation.

    Returns:
        (3, H, W), uint8.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    rgb = upright(rgb_from_frame(shown.picture, info.colour), info)
    return (rgb * 255).round_().to(torch.uint8).contiguous()


def upright(rgb: Tensor, info: SourceInfo) -> Tensor:
    """Turn a picture (3, H, W) as a player turns those of this source."""
    return torch.rot90(rgb, round(info.rotation / 90), (1, 2))


def display_size(info: SourceInfo) -> tuple[int, int]:
    """Width and height in pixels, upright."""
    return as_coded((info.width, info.height), info)


def as_coded(size: tuple[int, int], info: SourceInfo) -> tuple[int, int]:
    """Width and height of an upright picture before it is turned, and the other way round."""
    return size[::-1] if _is_on_its_side(info) else size


def display_aspect(info: SourceInfo) -> float:
    """Width by height of the shown picture; pixels need not be square."""
    aspect = float(info.width * (info.sample_aspect_ratio or 1) / info.height)
    return 1 / aspect if _is_on_its_side(info) else aspect


def _is_on_its_side(info: SourceInfo) -> bool:
    return round(info.rotation / 90) % 2 == 1
