"""The interface of readers of files and image sequences, and the count of errors while reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Facts:
    """Properties that the container states; they are known before a frame is decoded.

    Attributes:
        path: The file, folder or pattern.
        time_base: Unit of the frames' time stamps, in seconds.
        rate: Frames per second, average or guessed.
        start: The container's first time stamp over all of its streams, in seconds.
        frames: Expected number of frames; None where unknown.
        duration: Duration in seconds; None where unknown.
        sample_aspect_ratio: Width over height of a pixel; 1 where unknown.
        stream: Index of the video stream in the container.
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
    """Errors so far, counted while a source is read.

    Attributes:
        lost: Number of frames that could not be decoded or are missing.
        damaged: Number of frames that were decoded, but that the decoder marks as corrupt.
        repaired: Whether time stamps were repaired, so that some differ from the file's.
        warnings: One sentence for each kind of problem.
    """

    lost: int = 0
    damaged: int = 0
    repaired: bool = False
    warnings: list[str] = field(default_factory=list)


class Reader(Protocol):
    """Reads the frames of a file or of an image sequence."""

    @property
    def facts(self) -> Facts:
        """Properties that the container states."""

    def pictures(self, tally: Tally, *, estimate: bool = True) -> Iterator[VideoFrame]:
        """Decode frame by frame from the start; damage is counted in `tally` and never raised.

        Args:
            tally: Counts the errors.
            estimate: Whether to count also frames that are missing without an error, as far as the container
                states their number or times.
        """

    def shortcuts(self, pts: int, tally: Tally) -> Iterator[Iterator[VideoFrame]]:
        """Yield iterators over frames; each begins before the frame with this time stamp, the nearest first.

        There may be none. An iterator may fail to reach that frame, or to decode it correctly; the next one
        begins further back. Missing frames are not estimated.
        """
