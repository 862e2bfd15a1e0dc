"""Time stamps as the source has them; repaired only where they are missing or run backwards."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.video.frame import VideoFrame

from vsrealbasicvsr.video.read.reader import Facts, Tally

_NEW_CLOCK = Fraction(1, 10)  # seconds backwards: two recordings were joined; ffmpeg draws the same line
_OLD_CLOCK = 1  # seconds forwards within which a time stamp fits without a shift
_STRAY = 60  # seconds past the stated end that mean a damaged time stamp


def stated_time(picture: VideoFrame) -> int | None:
    """A picture's time stamp as the file has it."""
    return picture.pts if picture.pts is not None else picture.dts


def in_order(
    pictures: Iterator[VideoFrame], facts: Facts, tally: Tally, first: int = 0
) -> Iterator[VideoFrame]:
    """The same pictures with time stamps that are present and strictly increase.

    Holds one picture back: a time stamp that leaps ahead is known by the one after it. Missing ones
    follow the picture before by its duration. Where a new clock starts more than a tenth of a second back,
    the pictures from there on are shifted to follow on. Nothing else is carried from picture to picture: from
    one that has its own time stamp on, the result does not depend on those before.

    Args:
        pictures: As decoded.
        facts: Of their source.
        tally: Told of repairs.
        first: Number of the first picture, for warnings.
    """
    clock = _Clock(facts, tally, first)
    before: int | None = None
    held: VideoFrame | None = None
    for picture in pictures:
        picture.pts = clock.place(picture)
        if held is not None:
            assert held.pts is not None
            assert picture.pts is not None
            if picture.pts <= held.pts:
                clock.mend(held, picture, before)
            before = held.pts
            yield held
        held = picture
        clock.last = held.pts
    if held is not None:
        yield held


class _Clock:
    def __init__(self, facts: Facts, tally: Tally, first: int) -> None:
        base = facts.time_base
        self._step = max(1, round(1 / facts.rate / base))
        self._new_clock, self._old_clock = round(_NEW_CLOCK / base), round(_OLD_CLOCK / base)
        self._first = round(facts.start / base)
        self._end = None
        if facts.duration is not None:
            self._end = round((facts.start + facts.duration + _STRAY) / base)
        self._tally = tally
        self._warned = False
        self._shift = 0
        self._number = first - 1
        self.last: int | None = None

    def place(self, picture: VideoFrame) -> int:
        """The picture's time, shifted by what earlier clocks need; it may still run backwards."""
        self._number += 1
        stated = stated_time(picture)
        if stated is not None and self._end is not None and stated > self._end:
            self._warn()
            stated = None
        if self.last is None:
            return self._first if stated is None else stated
        if stated is None:
            return self.last + (picture.duration or self._step)
        if self._shift and 0 < stated - self.last <= self._old_clock:
            self._shift = 0  # the old clock goes on
        return stated + self._shift

    def mend(self, held: VideoFrame, picture: VideoFrame, before: int | None) -> None:
        """Put two pictures of which the second is not later than the first into order."""
        self._warn()
        assert held.pts is not None
        assert picture.pts is not None
        if before is not None and before + 1 < picture.pts < held.pts:
            held.pts = before + min(self._step, (picture.pts - before) // 2)
        elif held.pts - picture.pts > self._new_clock:
            follows = held.pts + self._step
            self._shift += follows - picture.pts
            picture.pts = follows
        else:
            picture.pts = held.pts + 1

    def _warn(self) -> None:
        if not self._warned:
            self._tally.warnings.append(
                f"time stamps are damaged or run backwards from frame {self._number} on; they were repaired."
            )
        self._warned = self._tally.repaired = True
