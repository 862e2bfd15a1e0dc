"""What every kind of source tells about itself, and the count of what went wrong while it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Facts:
    """What the container states, before a picture is decoded.

    Attributes:
        path: The file, folder or pattern.
        time_base: Seconds, the unit of the pictures' time stamps.
        rate: Pictures a second, average or guessed.
        start: Seconds; the container's first time stamp, over all of its streams.
        frames: Expected number of pictures, None where unknown.
        duration: Seconds, None where unknown.
        sample_aspect_ratio: Width by height of a pixel, 1 where unknown.
        stream: The container's index of the pictures' stream.
        interlaced: Whether the container or codec states a field order.
    """

    path: Path
    time_base: Fraction
    rate: Fraction
    start: Fraction = Fraction(0)
    frames: int | None = None
    duration: Fraction | None = None
    sample_aspect_ratio: Fraction = Fraction(1)
    stream: int = 0
    interlaced: bool = False


@dataclass(slots=True)
class Tally:
    """What went wrong so far.

    Attributes:
        lost: Pictures that could not be handed out.
        damaged: Pictures that were handed out though the decoder calls them corrupt.
        repaired: Whether time stamps had to be repaired, so that they are not all the file's own.
        warnings: A sentence for each kind of trouble.
    """

    lost: int = 0
    damaged: int = 0
    repaired: bool = False
    warnings: list[str] = field(default_factory=list)


class Reader(Protocol):
    """A file or an image sequence."""

    @property
    def facts(self) -> Facts:
        """What the container states."""

    def pictures(self, tally: Tally, *, estimate: bool = True) -> Iterator[VideoFrame]:
        """Decode picture by picture from the start; damage is counted in `tally` and never raised.

        Args:
            tally: What went wrong.
            estimate: Whether to add what is missing without a trace, as far as the container tells.
        """

    def shortcuts(self, pts: int, tally: Tally) -> Iterator[Iterator[VideoFrame]]:
        """Readings that begin before the picture with this time stamp, the shortest first.

        There may be none. Each may fail to reach that picture, or to decode it well; the next goes further
        back. Nothing is estimated.
        """
