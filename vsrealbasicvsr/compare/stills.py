"""Single frames, in memory or in image files, as a source of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsrealbasicvsr.compare.shown import Shown
from vsrealbasicvsr.errors import ClipError, VideoError
from vsrealbasicvsr.video.colour.tags import describe_colour
from vsrealbasicvsr.video.read.images import decode_image
from vsrealbasicvsr.video.read.source import SourceInfo

_FORMATS = {"uint8": "rgb24", "uint16": "rgb48le"}
_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """One frame.

    Attributes:
        number: Frames of the same number are shown together.
        time: Seconds from the start of the clip that the frame belongs to.
        picture: (H, W, 3), uint8 or uint16, red, green and blue in full range, as for a screen; or an image
            file, which is decoded each time it is needed.
        passes: Number of cleaning passes; None if the frame was not restored.
        residue: Mean absolute change by the last cleaning pass, on the 0-255 scale; None in the same case.
    """

    number: int
    time: Fraction
    picture: NDArray[Any] | Path
    passes: int | None = None
    residue: float | None = None


@dataclass(frozen=True, eq=False)
class Stills:
    """A source that is a list of single frames.

    Attributes:
        label: Its name on the page.
        stills: The frames in rising order of their numbers, all of one size.
        settings: The settings that made the frames, in words; the page shows them below the facts.
        sample_aspect_ratio: Width of a pixel divided by its height.
        rotation: Degrees counter-clockwise by which a player would rotate the pictures.

    Raises:
        ClipError: there are no frames, their numbers do not rise, or a picture has a wrong type or shape.
    """

    label: str
    stills: tuple[Still, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    sample_aspect_ratio: Fraction = Fraction(1)
    rotation: int = 0

    def __post_init__(self) -> None:
        if not self.stills:
            raise ClipError(f"{self.label} has no frames: give one or more.")
        if any(first.number >= second.number for first, second in pairwise(self.stills)):
            raise ClipError(f"the frames of {self.label} are not in order: sort them by their numbers.")
        for still in self.stills:
            if not isinstance(still.picture, Path):
                _check(still.picture, still.number, self.label)

    @cached_property
    def info(self) -> SourceInfo:
        """Properties of the source; its path is its label."""
        first = _picture(self.stills[0])
        colour, _ = describe_colour(first)
        return SourceInfo(
            path=Path(self.label),
            stream=0,
            width=first.width,
            height=first.height,
            pixel_format=first.format.name,
            colour=colour,
            assumptions=(),
            sample_aspect_ratio=self.sample_aspect_ratio,
            time_base=_MILLISECOND,
            rate=Fraction(25),
            rotation=self.rotation,
            frames=len(self.stills),
            duration=None,
            start=Fraction(0),
            interlaced=False,
        )

    def frames(self) -> Iterator[Shown]:
        """Yield the frames from the start.

        Raises:
            VideoError: an image file cannot be decoded, or its size differs from that of the first.
        """
        size = self.info.width, self.info.height
        for still in self.stills:
            picture = _picture(still)
            if (picture.width, picture.height) != size:
                raise VideoError(
                    f"frame {still.number} of {self.label} is {picture.width}x{picture.height}, "
                    f"the first is {size[0]}x{size[1]}: give frames of one size."
                )
            picture.pts, picture.time_base = round(still.time / _MILLISECOND), _MILLISECOND
            yield Shown(still.number, still.time, picture, still.passes, still.residue)


def _check(picture: NDArray[Any], number: int, label: str) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype.name not in _FORMATS or not picture.size:
        raise ClipError(
            f"frame {number} of {label} is {picture.dtype} of shape {picture.shape}: "
            "give uint8 or uint16 of shape (height, width, 3)."
        )


def _picture(still: Still) -> VideoFrame:
    if isinstance(still.picture, Path):
        try:
            return decode_image(still.picture)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{still.picture} cannot be decoded: {error}.") from error
    pixels = np.ascontiguousarray(still.picture)
    return VideoFrame.from_ndarray(pixels, format=_FORMATS[pixels.dtype.name])
