"""The frames of a source for one piece after another; frames between pieces are skipped or dropped."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Self

from vsrealbasicvsr.compare.preview.scan import Scan
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.source import Source, SourceFrame


class Footage:
    """Frames of a scanned source, requested in order from its start to its end.

    Memory holds the decoded frames of the current piece, and those after it that an earlier piece has read.

    Args:
        source: The source; it is read again.
        scan: The scan of the source.
    """

    def __init__(self, source: Source, scan: Scan) -> None:
        self._source, self._scan = source, scan
        self._held: dict[int, SourceFrame] = {}
        self._frames: Generator[SourceFrame] | None = None
        self._next = 0

    def between(self, start: int, stop: int) -> Mapping[int, SourceFrame]:
        """Return the frames from `start` up to `stop` by number; there may be frames after them, too.

        Args:
            start: Number of a frame among the entries of the scan; it must not decrease from call to call.
            stop: Number of the last frame plus one.

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
    yield from frames  # a generator has `close`, which an iterator lacks
