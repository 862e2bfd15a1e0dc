"""The source read once for its segments, each described so that a process can make it by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.source import Source, SourceFrame


@dataclass(frozen=True, slots=True)
class Assignment:
    """A segment, and where in the source its frames and their context are found.

    Attributes:
        segment: The frames to restore.
        first: Number of the first frame of its context.
        pts: That frame's time stamp.
        check: That frame's checksum.
        end: Number of the first frame behind its context.
        cuts: Frames of all these that start a shot.
        seek: Whether its frames can be told apart by time, so that reading can begin in the middle.
        damaged: Whether the source is damaged so far, and may come out otherwise when it is read again.
    """

    segment: Segment
    first: int
    pts: int
    check: int
    end: int
    cuts: frozenset[int]
    seek: bool
    damaged: bool


@dataclass
class _Begun:
    """A segment whose end, or whose context's, is yet to come."""

    start: int
    first: int
    pts: int
    check: int
    cuts: set[int] = field(default_factory=set)
    stop: int | None = None


class Scan:
    """One way through a source that tells the segments, a margin of frames after each one's end.

    Args:
        source: Which is read.
        frames: All of it, with whether each starts a shot.
        rule: Where segments start.
        margin: Frames of context.

    Attributes:
        frames: Read so far.
        cuts: Those of them that start a shot.
    """

    def __init__(
        self,
        source: Source,
        frames: Iterable[tuple[SourceFrame, bool]],
        rule: SegmentRule,
        margin: int,
    ) -> None:
        self.frames = 0
        self.cuts: list[int] = []
        self._source, self._frames, self._rule, self._margin = source, frames, rule, margin
        self._behind: deque[tuple[int, SourceFrame]] = deque(maxlen=margin)
        self._begun: deque[_Begun] = deque()
        self._segments: list[Segment] = []

    def assignments(self) -> Iterator[Assignment]:
        """All segments in order."""
        for n, (frame, cut) in enumerate(self._frames):
            if cut:
                self._behind.clear()  # no context reaches over a cut
                self.cuts.extend([n] if n else [])
            if self._rule.starts(n, cut):
                if self._begun:
                    self._begun[-1].stop = n
                self._begun.append(self._begin(n, frame))
            yield from self._ended(n, cut)
            for begun in self._begun:
                begun.cuts.update([n] if cut else [])
            self._behind.append((n, frame))
            self.frames = n + 1
        if self._begun:
            self._begun[-1].stop = self.frames
        while self._begun:
            yield self._end(self._begun.popleft(), self.frames)

    def segments(self) -> Iterator[Segment]:
        """All segments that were told."""
        yield from self._segments

    def _begin(self, number: int, frame: SourceFrame) -> _Begun:
        first, lead = self._behind[0] if self._behind else (number, frame)
        return _Begun(number, first, lead.pts, checksum(lead.picture))

    def _ended(self, number: int, cut: bool) -> Iterator[Assignment]:
        """The segments whose context ends before this frame."""
        while self._begun and (stop := self._begun[0].stop) is not None:
            if not cut and number < stop + self._margin:
                return
            yield self._end(self._begun.popleft(), number)

    def _end(self, begun: _Begun, end: int) -> Assignment:
        assert begun.stop is not None
        segment = Segment(begun.start, begun.stop)
        self._segments.append(segment)
        return Assignment(
            segment,
            begun.first,
            begun.pts,
            begun.check,
            end,
            frozenset(begun.cuts),
            seek=not self._source.repaired,
            damaged=bool(self._source.lost or self._source.damaged),
        )
