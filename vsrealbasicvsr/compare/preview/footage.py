"""The source's frames, piece after piece: those between are skipped or dropped, never held."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Self

from vsrealbasicvsr.compare.preview.scan import Scan
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.source import Source, SourceFrame


class Footage:
    """Frames of a source that was scanned, asked for from its start to its end.

    Held are the frames of the piece at hand as they are decoded, and those after it that an earlier piece
    reached.

    Args:
        source: Read anew here.
        scan: Of it.
    """

    def __init__(self, source: Source, scan: Scan) -> None:
        self._source, self._scan = source, scan
        self._held: dict[int, SourceFrame] = {}
        self._frames: Generator[SourceFrame] | None = None
        self._next = 0

    def between(self, start: int, stop: int) -> Mapping[int, SourceFrame]:
        """The frames from `start` up to `stop` by their numbers, and maybe some more.

        Args:
            start: Number of a frame among the scan's entries; never below that of an earlier call.
            stop: The number before which to stop.

        Raises:
            VideoError: the source has changed since it was scanned.
        """
        self._held = {number: frame for number, frame in self._held.items() if number >= start}
        if self._frames is None or (start > self._next and self._scan.seek):
            self._enter(start)
        assert self._frames is not None
        while self._next < stop:
            frame = next(self._frames, None)
            if frame is None:
                raise VideoError(
                    f"{self._source.info.path} gave fewer frames when read again: is it still being written?"
                )
            if self._next >= start:
                self._held[self._next] = frame
            self._next += 1
        return self._held

    def _enter(self, start: int) -> None:
        self.close()
        if not self._scan.seek:
            self._frames, self._next = _from_the_start(iter(self._source)), 0
            return
        entry = self._scan.entries[start]
        self._frames = self._source.since(start, entry.pts, entry.check, damaged=self._scan.damaged)
        self._next = start

    def close(self) -> None:
        """Close the file."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _from_the_start(frames: Iterator[SourceFrame]) -> Generator[SourceFrame]:
    yield from frames
