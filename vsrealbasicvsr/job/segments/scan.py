"""A scan of the source for its segments; each is described so that a worker can make it independently."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.source import Source, SourceFrame


@dataclass(frozen=True, slots=True)
class Assignment:
    """A segment, and the place of its frames and their context in the source.

    Attributes:
        segment: The frames to restore.
        first: Number of the first frame of its context.
        pts: Time stamp of frame `first`.
        check: Checksum of frame `first`.
        end: Number of the first frame after its context.
        cuts: Numbers of the frames, context included, that start a shot.
        seek: Whether the time stamps identify the frames, so that reading can begin in the middle.
        damaged: Whether the source is damaged so far; its frames may then differ when it is read again.
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
class _OpenSegment:
    """A segment whose last frame, or whose last frame of context, was not read yet."""

    start: int
    first: int
    pts: int
    check: int
    cuts: set[int] = field(default_factory=set)
    stop: int | None = None


class Scan:
    """One pass through a source that yields each segment as soon as the context after it is read.

    Memory holds the last `margin` frames.

    Args:
        source: The source that is read.
        frames: All its frames, each with True if it starts a shot.
        rule: The rule of where segments start.
        margin: Frames of context.

    Attributes:
        frames: Number of frames read so far.
        cuts: Numbers of those that start a shot, without frame 0.
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
        self._before: deque[tuple[int, SourceFrame]] = deque(maxlen=margin)
        self._open: deque[_OpenSegment] = deque()
        self._segments: list[Segment] = []

    def assignments(self) -> Iterator[Assignment]:
        """Yield all segments in order."""
        for n, (frame, cut) in enumerate(self._frames):
            if cut:
                self._before.clear()  # context never crosses a cut
                self.cuts.extend([n] if n else [])
            if self._rule.starts(n, cut):
                if self._open:
                    self._open[-1].stop = n
                self._open.append(self._begin(n, frame))
            yield from self._complete(n, cut)
            for segment in self._open:
                segment.cuts.update([n] if cut else [])
            self._before.append((n, frame))
            self.frames = n + 1
        if self._open:
            self._open[-1].stop = self.frames
        while self._open:
            yield self._end(self._open.popleft(), self.frames)

    def segments(self) -> Iterator[Segment]:
        """Yield all segments that `assignments` has yielded."""
        yield from self._segments

    def _begin(self, number: int, frame: SourceFrame) -> _OpenSegment:
        first, lead = self._before[0] if self._before else (number, frame)
        return _OpenSegment(number, first, lead.pts, checksum(lead.picture))

    def _complete(self, number: int, cut: bool) -> Iterator[Assignment]:
        """Yield the segments whose context ends before this frame."""
        while self._open and (stop := self._open[0].stop) is not None:
            if not cut and number < stop + self._margin:
                return
            yield self._end(self._open.popleft(), number)

    def _end(self, opened: _OpenSegment, end: int) -> Assignment:
        assert opened.stop is not None
        segment = Segment(opened.start, opened.stop)
        self._segments.append(segment)
        return Assignment(
            segment,
            opened.first,
            opened.pts,
            opened.check,
            end,
            frozenset(opened.cuts),
            seek=not self._source.repaired,
            damaged=bool(self._source.lost or self._source.damaged),
        )
