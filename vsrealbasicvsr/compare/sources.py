"""Reading of several sources together, with their frames paired by number or by time."""

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
"""A source: a video file, a folder of images, a pattern, a single image, or a list of single frames."""
MOST_SOURCES = 32
"""More sources cannot be distinguished on the page; the first nine have a digit key each."""


class _Readable(Protocol):
    """A source that is read together with others; each iteration reads it again from the start."""

    @property
    def info(self) -> SourceInfo: ...

    def frames(self) -> Iterator[Shown]: ...


class _File:
    """A source on the disk.

    Args:
        source: The open source.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.info = source.info
        self._figures = read_figures(source.info.path)

    def frames(self) -> Iterator[Shown]:
        """Yield the frames from the start."""
        info = self.info
        for number, frame in enumerate(self.source):
            known = self._figures[number] if number < len(self._figures) else (None, None)
            yield Shown(number, frame.pts * info.time_base - info.start, frame.picture, *known)


class Sources:
    """Two or more open sources.

    Args:
        given: The sources to open.
        match: "number" pairs frames of the same number. "time" pairs each frame of the first source with the
            frames that the others show at its time. "auto" is "number" if any source consists of images or
            `Stills`, and "time" otherwise.

    Attributes:
        infos: Properties of each source.
        match: "number" or "time".
        ended: Indices of the files that ended before others, once `moments` has been read to its end.

    Raises:
        SettingsError: there are fewer than two sources, or more than 32; `match` is unknown; or `Stills` are
            to be matched by time.
        VideoError: a source cannot be read.
    """

    def __init__(self, given: Sequence[Given], match: Match = "auto") -> None:
        if len(given) < 2:
            raise SettingsError("a comparison needs two sources or more: name another file or folder.")
        if len(given) > MOST_SOURCES:
            raise SettingsError(f"{len(given)} sources are too many: name at most {MOST_SOURCES}.")
        if match not in get_args(Match):
            raise SettingsError(f"match cannot be {match!r}: choose auto, number or time.")
        has_stills = any(isinstance(source, Stills) for source in given)
        if has_stills and match == "time":
            raise SettingsError("frames given one by one have gaps between them: match them by number.")
        has_images = any(isinstance(source, Stills) or is_image_sequence(source) for source in given)
        self.match: Match = ("number" if has_images else "time") if match == "auto" else match
        with ExitStack() as opened:
            self._sources: list[_Readable] = [
                source if isinstance(source, Stills) else _File(opened.enter_context(open_source(source)))
                for source in given
            ]
            self._opened = opened.pop_all()
        self.ended: tuple[int, ...] = ()
        self.infos: tuple[SourceInfo, ...] = tuple(source.info for source in self._sources)

    def moments(self) -> Iterator[Moment]:
        """Yield moments from the start while every source shows a frame; hold two frames of each source."""
        return self._by_number() if self.match == "number" else self._by_time()

    def _by_number(self) -> Iterator[Moment]:
        readings = [source.frames() for source in self._sources]
        frames = [next(reading, None) for reading in readings]
        while all(frames):
            numbers = [frame.number for frame in frames if frame is not None]
            newest = max(numbers)
            if min(numbers) == newest:
                yield tuple(frame for frame in frames if frame is not None)
                newest += 1  # so that every source goes on
            for place, number in enumerate(numbers):
                if number < newest:
                    frames[place] = next(readings[place], None)
        if any(frames):
            files = [isinstance(source, _File) for source in self._sources]
            self.ended = tuple(n for n, frame in enumerate(frames) if frame is None and files[n])

    def _by_time(self) -> Iterator[Moment]:
        slack = min(1 / info.rate for info in self.infos) / 4
        lead, *others = self._sources
        end = Fraction(0)
        followers = [_Follower(source, slack) for source in others]
        for first in lead.frames():
            frames = [follower.at(first.time) for follower in followers]
            self.ended = tuple(n for n, follower in enumerate(followers, 1) if follower.has_ended)
            if self.ended:
                return
            end = first.time + 1 / lead.info.rate
            present = [frame for frame in frames if frame is not None]
            if len(present) == len(others):
                yield (first, *present)
        if all(follower.goes_on(end) for follower in followers):
            self.ended = (0,)

    def warnings(self) -> tuple[str, ...]:
        """Return warnings about the sources for the reader of the page, one sentence each."""
        files = [file.source for file in self._sources if isinstance(file, _File)]
        file_warnings = [f"{source.info.path}: {warning}" for source in files for warning in source.warnings]
        return (
            *file_warnings,
            *(f"{i.path} is HDR; a page cannot show its brightness." for i in self.infos if _is_hdr(i)),
        )

    def close(self) -> None:
        """Close all sources."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Follower:
    """A source that is read forward to find the frame that it shows at a given time.

    Args:
        source: The source.
        slack: Seconds by which a frame may be late; containers round time stamps, some to milliseconds.
    """

    def __init__(self, source: _Readable, slack: Fraction) -> None:
        self._period = 1 / source.info.rate
        self._slack = slack
        self._frames = source.frames()
        self._now: Shown | None = None
        self._next = next(self._frames, None)
        self.has_ended = False

    def at(self, time: Fraction) -> Shown | None:
        """Return the frame shown at `time`; None before the first frame and after the last.

        `time` must not decrease from call to call.
        """
        while self._next is not None and self._next.time <= time + self._slack:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is not None and self._next is None:
            self.has_ended = time >= self._now.time + self._period - self._slack
        return None if self.has_ended else self._now

    def goes_on(self, time: Fraction) -> bool:
        """Return whether there are frames from `time` on; `time` must not be below that of the last `at`."""
        return self._next is not None and self._next.time >= time - self._slack


def _is_hdr(info: SourceInfo) -> bool:
    return info.colour.transfer in (16, 18)  # PQ and HLG
