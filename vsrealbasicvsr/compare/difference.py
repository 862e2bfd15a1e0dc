"""The difference between frames: mean absolute difference and PSNR."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from av.video.frame import VideoFrame
from torch import Tensor

from vsrealbasicvsr.compare.curve import Figures
from vsrealbasicvsr.compare.display import as_coded, display_size, upright
from vsrealbasicvsr.compare.shown import Moment, Shown
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.filter_chain import FilterChain
from vsrealbasicvsr.video.read.source import SourceInfo

_MOST_PSNR = 100.0  # decibels; the value of equal pictures in a plot
LONGEST_SIDE = 640
"""Pixels; larger pictures are reduced to this before measuring, so that hours of video can be measured."""


class DifferenceMeter:
    """Measures of frames: their difference from the first source, and their recorded cleaning.

    All frames are reduced to one size: that of the smallest source, with its longer side at most
    `LONGEST_SIDE`.

    Args:
        infos: Properties of the sources.

    Attributes:
        size: Width and height in pixels at which frames are measured.
    """

    def __init__(self, infos: Sequence[SourceInfo]) -> None:
        width, height = min(map(display_size, infos), key=math.prod)
        share = min(1.0, LONGEST_SIDE / max(width, height))
        self.size = max(1, round(width * share)), max(1, round(height * share))
        self._infos = infos
        sizes = [display_size(info) for info in infos]
        self._is_equal = [size == sizes[0] for size in sizes]
        self._sizes = [as_coded(self.size, info) for info in infos]
        self._shrinkers = [
            FilterChain(
                ("scale", f"{width}:{height}:flags=area+accurate_rnd+full_chroma_int"),
                time_base=info.time_base,
            )
            for info, (width, height) in zip(infos, self._sizes, strict=True)
        ]

    def __call__(self, moment: Moment) -> tuple[Figures, ...]:
        """Return the measures of each source's frame.

        The first source has no difference and no PSNR. A source of another size than the first has no PSNR.
        """
        small = [self._small(place, frame.picture) for place, frame in enumerate(moment)]
        return tuple(
            self._figures(place, frame, picture - small[0])
            for place, (frame, picture) in enumerate(zip(moment, small, strict=True))
        )

    def _figures(self, place: int, frame: Shown, difference: Tensor) -> Figures:
        if place == 0:
            return Figures(passes=frame.passes, residue=frame.residue)
        ratio = _decibels(float(difference.square().mean())) if self._is_equal[place] else None
        return Figures(
            255 * float(difference.abs().mean()),
            None if ratio is None else min(_MOST_PSNR, ratio),
            frame.passes,
            frame.residue,
        )

    def _small(self, place: int, picture: VideoFrame) -> Tensor:
        if (picture.width, picture.height) != self._sizes[place]:
            (picture,) = self._shrinkers[place].push(picture)
        info = self._infos[place]
        return upright(rgb_from_frame(picture, info.colour), info)


def psnr(first: Tensor, second: Tensor) -> float | None:
    """Return the peak signal-to-noise ratio over red, green and blue.

    Args:
        first: (3, H, W), uint8.
        second: (3, H, W), uint8.

    Returns:
        Decibels, infinite for equal pictures; None where the sizes differ.
    """
    if first.shape != second.shape:
        return None
    return _decibels(float((first.to(torch.float32) - second.to(torch.float32)).square().mean()) / 255**2)


def _decibels(error: float) -> float:
    """Convert a mean squared error, for values of range 1, to decibels."""
    return 10 * math.log10(1 / error) if error else math.inf
