"""The source's frames from first to last, in stretches of segments that are to be made in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.source import SourceFrame


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A frame, its place, and what starts with it."""

    number: int
    frame: SourceFrame
    cut: bool
    opens: bool


@dataclass
class Stretch:
    """Segments in a row that go through the network as one stream.

    Attributes:
        first: Number of the first frame of `frames`; those before `start` are context.
        start: Number of the first frame to restore.
        frames: All of them, with whether each starts a shot; the last ones may be context, too.
        starts: Numbers of the frames with which its segments start, as far as they were read.
        stop: The number before which it stops; None until that is known.
    """

    first: int
    start: int
    frames: Iterator[tuple[SourceFrame, bool]]
    starts: set[int] = field(default_factory=set)
    stop: int | None = None


class Walk:
    """One way through a source, of which a process restores the segments it takes and skips the others.

    The segments are the same in every walk through a source. Held: `margin` frames behind, and before a
    skipped segment as many ahead.

    Args:
        frames: All of the source, with whether each starts a shot.
        rule: Where segments start.
        margin: Frames of context.
        take: Asked once for each segment, with its first frame's number, when the walk gets there.

    Attributes:
        frames: Passed so far.
        cuts: Those of them that start a shot.
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
        self._source = _Ahead(
            _Numbered(n, frame, cut, rule.starts(n, cut)) for n, (frame, cut) in enumerate(frames)
        )
        self._behind: deque[_Numbered] = deque(maxlen=margin)
        self._margin, self._take = margin, take
        self._starts: list[int] = []
        self._took_last = False

    def stretches(self) -> Iterator[Stretch]:
        """Each is to be read to its end before the next is asked for."""
        while (upcoming := self._source.look(1)) and (one := upcoming[0]):
            if one.opens and self._takes(one.number):
                yield self._stretch(one)
            else:
                self._pass()

    def segments(self) -> Iterator[Segment]:
        """All segments of the source, once it was passed to its end."""
        for start, stop in zip(self._starts, [*self._starts[1:], self.frames], strict=True):
            yield Segment(start, stop)

    def _stretch(self, opening: _Numbered) -> Stretch:
        lead = [] if opening.cut else _since_cut(self._behind)
        stretch = Stretch(opening.number - len(lead), opening.number, iter(()))
        stretch.frames = self._frames(stretch, lead)
        return stretch

    def _frames(self, stretch: Stretch, lead: list[_Numbered]) -> Iterator[tuple[SourceFrame, bool]]:
        for one in lead:
            yield one.frame, one.cut
        while (upcoming := self._source.look(1)) and (one := upcoming[0]):
            if one.opens and not self._takes(one.number):
                stretch.stop = one.number
                for context in takewhile(lambda one: not one.cut, self._source.look(self._margin)):
                    yield context.frame, False
                return
            if one.opens:
                stretch.starts.add(one.number)
            yield self._pass()

    def _pass(self) -> tuple[SourceFrame, bool]:
        one = next(self._source)
        self.frames += 1
        if one.cut and one.number:
            self.cuts.append(one.number)
        self._behind.append(one)
        return one.frame, one.cut

    def _takes(self, start: int) -> bool:
        """The answer of `take`, which is asked when the walk comes to a segment for the first time."""
        if start not in self._starts[-1:]:
            self._starts.append(start)
            self._took_last = self._take(start)
        return self._took_last


class _Ahead(Iterator[_Numbered]):
    """Frames that can be looked at before they are passed."""

    def __init__(self, frames: Iterator[_Numbered]) -> None:
        self._frames = frames
        self._waiting: deque[_Numbered] = deque()

    def look(self, count: int) -> list[_Numbered]:
        """The next ones, fewer at the source's end."""
        self._waiting.extend(islice(self._frames, max(0, count - len(self._waiting))))
        return list(islice(self._waiting, count))

    def __next__(self) -> _Numbered:
        return self._waiting.popleft() if self._waiting else next(self._frames)


def _since_cut(behind: Iterable[_Numbered]) -> list[_Numbered]:
    """The frames of the shot that goes on."""
    held = list(behind)
    last_cut = max((place for place, one in enumerate(held) if one.cut), default=0)
    return held[last_cut:]
