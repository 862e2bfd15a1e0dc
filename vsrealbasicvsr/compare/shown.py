"""A frame of one source, and the frames that all sources show together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame of one source.

    Attributes:
        number: Frame number in its source, from 0.
        time: Seconds from the start of the source.
        picture: The decoded picture.
        passes: Number of cleaning passes; None if the frame was not restored, or the number was not recorded.
        residue: Mean absolute change by the last cleaning pass, on the 0-255 scale; None in the same cases.
    """

    number: int
    time: Fraction
    picture: VideoFrame
    passes: int | None = None
    residue: float | None = None


Moment = tuple[Shown, ...]
"""The frames that all sources show together, in the order of the sources; the first is the reference."""
