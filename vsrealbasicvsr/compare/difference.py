"""How far frames lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from av.video.frame import VideoFrame
from torch import Tensor

from vsrealbasicvsr.compare.display import as_coded, display_size, upright
from vsrealbasicvsr.compare.shown import Moment
from vsrealbasicvsr.video.graph import FilterChain
from vsrealbasicvsr.video.pixels import rgb_from_frame
from vsrealbasicvsr.video.source import SourceInfo

LONGEST_SIDE = 640
"""Pixels; larger pictures are measured when reduced to this, so that hours of video can be measured."""


class DifferenceMeter:
    """Mean absolute differences between the first source and each other one.

    All are reduced to one size: that of the smallest source, its longer side at most `LONGEST_SIDE`.

    Args:
        infos: Of the sources.

    Attributes:
        size: Width and height in pixels at which is measured.
    """

    def __init__(self, infos: Sequence[SourceInfo]) -> None:
        width, height = min(map(display_size, infos), key=math.prod)
        share = min(1.0, LONGEST_SIDE / max(width, height))
        self.size = max(1, round(width * share)), max(1, round(height * share))
        self._infos = infos
        self._sizes = [as_coded(self.size, info) for info in infos]
        self._shrinkers = [
            FilterChain(
                ("scale", f"{width}:{height}:flags=area+accurate_rnd+full_chroma_int"),
                time_base=info.time_base,
            )
            for info, (width, height) in zip(infos, self._sizes, strict=True)
        ]

    def __call__(self, moment: Moment) -> tuple[float, ...]:
        """Of the steps from 0 to 255 of red, green and blue, for each source but the first."""
        first, *others = [self._small(place, shown.picture) for place, shown in enumerate(moment)]
        return tuple(255 * float((other - first).abs().mean()) for other in others)

    def _small(self, place: int, picture: VideoFrame) -> Tensor:
        if (picture.width, picture.height) != self._sizes[place]:
            (picture,) = self._shrinkers[place].push(picture)
        info = self._infos[place]
        return upright(rgb_from_frame(picture, info.colour), info)


def psnr(first: Tensor, second: Tensor) -> float | None:
    """Peak signal-to-noise ratio over red, green and blue.

    Args:
        first: (3, H, W), uint8.
        second: Likewise.

    Returns:
        Decibels, infinite for equal pictures; None where the sizes differ.
    """
    if first.shape != second.shape:
        return None
    error = float((first.to(torch.float32) - second.to(torch.float32)).square().mean())
    return 10 * math.log10(255**2 / error) if error else math.inf
