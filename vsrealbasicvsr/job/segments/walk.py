"""A walk through the source's frames in order, for one process that makes some of the segments itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.source import SourceFrame


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A frame, its number, whether it starts a shot, and whether it opens a segment."""

    number: int
    frame: SourceFrame
    cut: bool
    opens: bool


@dataclass
class Stretch:
    """Segments in a row that go through the network as one stream.

    Attributes:
        first: Number of the first frame in `frames`; the frames before `start` are context.
        start: Number of the first frame to restore.
        frames: All frames, each with True if it starts a shot; the last ones may be context, too.
        starts: Numbers of the first frames of its segments, as far as they were read.
        stop: Number of the first frame after its last segment; None until it is known.
    """

    first: int
    start: int
    frames: Iterator[tuple[SourceFrame, bool]]
    starts: set[int] = field(default_factory=set)
    stop: int | None = None


class Walk:
    """One pass through a source; the process restores the segments that it takes, and skips the others.

    The segments are the same in every walk through a source. Memory holds the last `margin` frames, and
    before a skipped segment also the next `margin` frames.

    Args:
        frames: All frames of the source, each with True if it starts a shot.
        rule: The rule of where segments start.
        margin: Frames of context.
        take: Decides whether to take the segment with this first frame. Called once for each segment, when
            the walk reaches it.

    Attributes:
        frames: Number of frames passed so far.
        cuts: Numbers of those that start a shot, without frame 0.
    """

    def __init__(
        self,
        frames: Iterable[tuple[SourceFrame, bool]],
        rule: SegmentRule,
        margin: int,
        take: Callable[[int], bool],
    ) -> None:
        self.frames = 0
        self.cuts: list[int] = []
        self._source = _Lookahead(
            _Numbered(n, frame, cut, rule.starts(n, cut)) for n, (frame, cut) in enumerate(frames)
        )
        self._before: deque[_Numbered] = deque(maxlen=margin)
        self._margin, self._take = margin, take
        self._starts: list[int] = []
        self._took_last = False

    def stretches(self) -> Iterator[Stretch]:
        """Yield all stretches. The caller must read each one to its end before the next."""
        while (upcoming := self._source.look(1)) and (item := upcoming[0]):
            if item.opens and self._takes(item.number):
                yield self._stretch(item)
            else:
                self._pass()

    def segments(self) -> Iterator[Segment]:
        """Yield all segments of the source; valid after the walk has ended."""
        for start, stop in zip(self._starts, [*self._starts[1:], self.frames], strict=True):
            yield Segment(start, stop)

    def _stretch(self, opening: _Numbered) -> Stretch:
        lead = [] if opening.cut else _since_cut(self._before)
        stretch = Stretch(opening.number - len(lead), opening.number, iter(()))
        stretch.frames = self._frames(stretch, lead)
        return stretch

    def _frames(self, stretch: Stretch, lead: list[_Numbered]) -> Iterator[tuple[SourceFrame, bool]]:
        for item in lead:
            yield item.frame, item.cut
        while (upcoming := self._source.look(1)) and (item := upcoming[0]):
            if item.opens and not self._takes(item.number):
                stretch.stop = item.number
                for context in takewhile(lambda item: not item.cut, self._source.look(self._margin)):
                    yield context.frame, False
                return
            if item.opens:
                stretch.starts.add(item.number)
            yield self._pass()

    def _pass(self) -> tuple[SourceFrame, bool]:
        item = next(self._source)
        self.frames += 1
        if item.cut and item.number:
            self.cuts.append(item.number)
        self._before.append(item)
        return item.frame, item.cut

    def _takes(self, start: int) -> bool:
        """Return the decision of `take`, which is called once, when the walk reaches the segment."""
        if start not in self._starts[-1:]:
            self._starts.append(start)
            self._took_last = self._take(start)
        return self._took_last


class _Lookahead(Iterator[_Numbered]):
    """An iterator whose next frames can be read without consuming them."""

    def __init__(self, frames: Iterator[_Numbered]) -> None:
        self._frames = frames
        self._waiting: deque[_Numbered] = deque()

    def look(self, count: int) -> list[_Numbered]:
        """Return the next `count` frames, or fewer at the source's end; they are not consumed."""
        self._waiting.extend(islice(self._frames, max(0, count - len(self._waiting))))
        return list(islice(self._waiting, count))

    def __next__(self) -> _Numbered:
        return self._waiting.popleft() if self._waiting else next(self._frames)


def _since_cut(frames: Iterable[_Numbered]) -> list[_Numbered]:
    """Return the frames from the last cut on."""
    items = list(frames)
    last_cut = max((index for index, item in enumerate(items) if item.cut), default=0)
    return items[last_cut:]
