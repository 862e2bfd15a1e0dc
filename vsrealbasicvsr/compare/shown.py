"""A frame that a source shows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame of one source.

    Attributes:
        number: Counted from 0 in its source.
        time: Seconds after the source's start.
        picture: As decoded.
        passes: Cleaning passes it had; None where it was not restored, or nobody wrote them down.
        residue: Mean absolute change by the last of them, 0-255; None likewise.
    """

    number: int
    time: Fraction
    picture: VideoFrame
    passes: int | None = None
    residue: float | None = None


Moment = tuple[Shown, ...]
"""What each source shows at once, in the sources' order; the first leads."""
