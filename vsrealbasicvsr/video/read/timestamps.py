"""Time stamps of frames: the source's own, repaired only where they are missing or run backwards."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.video.frame import VideoFrame

from vsrealbasicvsr.video.read.reader import Facts, Tally

_NEW_CLOCK = Fraction(1, 10)  # seconds; a larger jump backwards means joined recordings, as in ffmpeg
_OLD_CLOCK = 1  # seconds; up to this far after the last frame, a time stamp needs no shift any more
_STRAY = 60  # seconds; a time stamp further than this past the stated end is damaged


def stated_time(picture: VideoFrame) -> int | None:
    """Return a frame's time stamp in the file, or its decoding time if there is none."""
    return picture.pts if picture.pts is not None else picture.dts


def in_order(
    pictures: Iterator[VideoFrame], facts: Facts, tally: Tally, first: int = 0
) -> Iterator[VideoFrame]:
    """Yield the same frames with time stamps that all exist and strictly increase.

    Holds one frame, because a time stamp that jumps ahead is recognised only by the next one. A missing time
    stamp becomes the previous frame's time plus its duration. If a new clock starts more than a tenth of a
    second earlier, the frames from there on are shifted so that they follow. Nothing else is passed from
    frame to frame. So from a frame with its own time stamp on, the result does not depend on earlier frames.

    Args:
        pictures: The decoded frames.
        facts: Properties of their source.
        tally: Notes repairs.
        first: Number of the first frame, for warnings.
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
    """Gives frames their times, and repairs them; times are in the source's time base."""

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
        """Return a frame's time, shifted by the jumps of earlier clocks; it may still run backwards."""
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
            self._shift = 0  # the old clock continues
        return stated + self._shift

    def mend(self, held: VideoFrame, picture: VideoFrame, before: int | None) -> None:
        """Repair the times of two frames, of which the second is not later than the first.

        Args:
            held: The first frame.
            picture: The second frame.
            before: Time of the frame before both, or None.
        """
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
