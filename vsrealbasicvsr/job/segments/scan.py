"""A scan of the source for its segments; each is described so that a worker can make it independently."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.source import Source, SourceFrame
from vsrealbasicvsr.window_cache import WindowCache


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


@dataclass(frozen=True, slots=True)
class _Lead:
    """The first frame of a segment's context."""

    number: int
    pts: int
    check: int


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
        self._leads: deque[_Lead] = deque()
        self._segments: list[Segment] = []

    def assignments(self) -> Iterator[Assignment]:
        """Yield all segments in order."""
        cache = WindowCache[None](self._margin)  # of numbers and cuts: the frames themselves are not kept
        for n, (frame, cut) in enumerate(self._frames):
            if cut:
                self._before.clear()  # context never crosses a cut
                self.cuts.extend([n] if n else [])
            if self._rule.starts(n, cut):
                cache.close(n)
                self._leads.append(self._lead(n, frame))
            cache.take(None, cut=cut)
            self._before.append((n, frame))
            self.frames = n + 1
            yield from self._complete(cache)
        cache.end()
        yield from self._complete(cache)

    def segments(self) -> Iterator[Segment]:
        """Yield all segments that `assignments` has yielded."""
        yield from self._segments

    def _lead(self, number: int, frame: SourceFrame) -> _Lead:
        first, lead = self._before[0] if self._before else (number, frame)
        return _Lead(first, lead.pts, checksum(lead.picture))

    def _complete(self, cache: WindowCache[None]) -> Iterator[Assignment]:
        """Yield the segments whose context was read."""
        for window, _ in cache.complete():
            segment, lead = Segment(window.core_start, window.core_stop), self._leads.popleft()
            self._segments.append(segment)
            yield Assignment(
                segment,
                lead.number,
                lead.pts,
                lead.check,
                window.stop,
                frozenset(cut for cut in cache.cuts if window.core_start <= cut < window.stop),
                seek=not self._source.repaired,
                damaged=bool(self._source.lost or self._source.damaged),
            )
