"""Several sources read side by side, their frames matched by number or by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol, Self, get_args

from vsrealbasicvsr.compare.shown import Moment, Shown
from vsrealbasicvsr.compare.stills import Stills
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.job.figures import read_figures
from vsrealbasicvsr.video.read.images import is_image_sequence
from vsrealbasicvsr.video.read.source import Source, SourceInfo, open_source

Match = Literal["auto", "number", "time"]
Given = Path | Stills
"""A video file, a folder of images, a pattern or a single image; or frames given one by one."""
MOST_SOURCES = 32
"""More cannot be told apart; the first nine have a digit key each."""


class _Readable(Protocol):
    """A source that is read side by side with others; each iteration reads anew."""

    @property
    def info(self) -> SourceInfo: ...

    def frames(self) -> Iterator[Shown]: ...


class _File:
    """A source on the disk.

    Args:
        source: Opened.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.info = source.info
        self._figures = read_figures(source.info.path)

    def frames(self) -> Iterator[Shown]:
        """Read from the start."""
        info = self.info
        for number, frame in enumerate(self.source):
            known = self._figures[number] if number < len(self._figures) else (None, None)
            yield Shown(number, frame.pts * info.time_base - info.start, frame.picture, *known)


class Sources:
    """Two or more sources, opened.

    Args:
        given: What to read.
        match: "number" pairs frames of the same number; "time" pairs each frame of the first source with what
            the others show at that time; "auto" is "number" where there are images among them, else "time".

    Attributes:
        infos: What is known of each.
        match: "number" or "time".
        ended: Places of the files that ended while others went on, once `moments` has been read to its end.

    Raises:
        SettingsError: there are fewer than two sources, or more than 32; or frames given one by one are to be
            matched by time.
        VideoError: one cannot be read.
    """

    def __init__(self, given: Sequence[Given], match: Match = "auto") -> None:
        if len(given) < 2:
            raise SettingsError("a comparison needs two sources or more: name another file or folder.")
        if len(given) > MOST_SOURCES:
            raise SettingsError(f"{len(given)} sources are too many: name at most {MOST_SOURCES}.")
        if match not in get_args(Match):
            raise SettingsError(f"match cannot be {match!r}: choose auto, number or time.")
        has_stills = any(isinstance(one, Stills) for one in given)
        if has_stills and match == "time":
            raise SettingsError("frames given one by one have gaps between them: match them by number.")
        has_images = any(isinstance(one, Stills) or is_image_sequence(one) for one in given)
        self.match: Match = ("number" if has_images else "time") if match == "auto" else match
        with ExitStack() as opened:
            self._sources: list[_Readable] = [
                one if isinstance(one, Stills) else _File(opened.enter_context(open_source(one)))
                for one in given
            ]
            self._opened = opened.pop_all()
        self.ended: tuple[int, ...] = ()
        self.infos: tuple[SourceInfo, ...] = tuple(source.info for source in self._sources)

    def moments(self) -> Iterator[Moment]:
        """Read from the start as long as every source shows something; two frames of each are held."""
        return self._by_number() if self.match == "number" else self._by_time()

    def _by_number(self) -> Iterator[Moment]:
        readings = [source.frames() for source in self._sources]
        shown = [next(reading, None) for reading in readings]
        while all(shown):
            numbers = [one.number for one in shown if one is not None]
            newest = max(numbers)
            if min(numbers) == newest:
                yield tuple(one for one in shown if one is not None)
                newest += 1
            for place, number in enumerate(numbers):
                if number < newest:
                    shown[place] = next(readings[place], None)
        if any(shown):
            files = [isinstance(source, _File) for source in self._sources]
            self.ended = tuple(n for n, one in enumerate(shown) if one is None and files[n])

    def _by_time(self) -> Iterator[Moment]:
        slack = min(1 / info.rate for info in self.infos) / 4
        lead, *others = self._sources
        end = Fraction(0)
        followers = [_Follower(source, slack) for source in others]
        for first in lead.frames():
            found = [follower.at(first.time) for follower in followers]
            self.ended = tuple(n for n, follower in enumerate(followers, 1) if follower.has_ended)
            if self.ended:
                return
            end = first.time + 1 / lead.info.rate
            shown = [one for one in found if one is not None]
            if len(shown) == len(others):
                yield (first, *shown)
        if all(follower.goes_on(end) for follower in followers):
            self.ended = (0,)

    def warnings(self) -> tuple[str, ...]:
        """What a reader of the page should know of the sources, a sentence each."""
        files = [one.source for one in self._sources if isinstance(one, _File)]
        told = [f"{source.info.path}: {warning}" for source in files for warning in source.warnings]
        return (
            *told,
            *(f"{i.path} is HDR; a page cannot show its brightness." for i in self.infos if _is_hdr(i)),
        )

    def close(self) -> None:
        """Free what is held."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Follower:
    """A source read forwards, asked what it shows at a time.

    Args:
        source: The source.
        slack: Seconds by which a frame may come late; containers round time stamps, some to milliseconds.
    """

    def __init__(self, source: _Readable, slack: Fraction) -> None:
        self._period = 1 / source.info.rate
        self._slack = slack
        self._frames = source.frames()
        self._now: Shown | None = None
        self._next = next(self._frames, None)
        self.has_ended = False

    def at(self, time: Fraction) -> Shown | None:
        """The frame shown at `time`, which never runs backwards; None before the first and after the last."""
        while self._next is not None and self._next.time <= time + self._slack:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is not None and self._next is None:
            self.has_ended = time >= self._now.time + self._period - self._slack
        return None if self.has_ended else self._now

    def goes_on(self, time: Fraction) -> bool:
        """Whether there are frames from `time` on, which is not before the time last asked for."""
        return self._next is not None and self._next.time >= time - self._slack


def _is_hdr(info: SourceInfo) -> bool:
    return info.colour.transfer in (16, 18)  # PQ and HLG
