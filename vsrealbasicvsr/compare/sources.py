"""Several sources read side by side, their frames matched by number or by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Self, get_args

from av.video.frame import VideoFrame

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.video.images import is_image_sequence
from vsrealbasicvsr.video.source import Source, SourceInfo, open_source

Match = Literal["auto", "number", "time"]
MOST_SOURCES = 9
"""Each has a digit key of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame of one source.

    Attributes:
        number: Counted from 0 in its source.
        time: Seconds after the source's start.
        picture: As decoded.
    """

    number: int
    time: Fraction
    picture: VideoFrame


Moment = tuple[Shown, ...]
"""What each source shows at once, in the sources' order; the first leads."""


class Sources:
    """Two or more sources, opened.

    Args:
        paths: Video files, folders of images, patterns or single images.
        match: "number" pairs frames of the same number; "time" pairs each frame of the first source with what
            the others show at that time; "auto" is "number" where there are images among them, else "time".

    Attributes:
        infos: What is known of each.
        match: "number" or "time".

    Raises:
        SettingsError: there are fewer than two sources, or more than nine.
        VideoError: one cannot be read.
    """

    def __init__(self, paths: Sequence[Path], match: Match = "auto") -> None:
        if len(paths) < 2:
            raise SettingsError("a comparison needs two sources or more: name another file or folder.")
        if len(paths) > MOST_SOURCES:
            raise SettingsError(f"{len(paths)} sources are too many: name at most {MOST_SOURCES}.")
        if match not in get_args(Match):
            raise SettingsError(f"match cannot be {match!r}: choose auto, number or time.")
        has_images = any(is_image_sequence(path) for path in paths)
        self.match: Match = ("number" if has_images else "time") if match == "auto" else match
        with ExitStack() as opened:
            self._sources: list[Source] = [opened.enter_context(open_source(path)) for path in paths]
            self._opened = opened.pop_all()
        self.infos: tuple[SourceInfo, ...] = tuple(source.info for source in self._sources)

    def moments(self) -> Iterator[Moment]:
        """Read from the start as long as every source shows something; two frames of each are held."""
        if self.match == "number":
            yield from zip(*(_frames(source) for source in self._sources), strict=False)
            return
        slack = min(1 / info.rate for info in self.infos) / 4
        lead, *others = self._sources
        followers = [_Follower(source, slack) for source in others]
        for first in _frames(lead):
            found = [follower.at(first.time) for follower in followers]
            if any(follower.has_ended for follower in followers):
                return
            shown = [one for one in found if one is not None]
            if len(shown) == len(others):
                yield (first, *shown)

    def warnings(self) -> tuple[str, ...]:
        """What a reader of the page should know of the sources, a sentence each."""
        told = [f"{s.info.path}: {warning}" for s in self._sources for warning in s.warnings]
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

    def __init__(self, source: Source, slack: Fraction) -> None:
        self._period = 1 / source.info.rate
        self._slack = slack
        self._frames = _frames(source)
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


def _frames(source: Source) -> Iterator[Shown]:
    info = source.info
    for number, frame in enumerate(source):
        yield Shown(number, frame.pts * info.time_base - info.start, frame.picture)


def _is_hdr(info: SourceInfo) -> bool:
    return info.colour.transfer in (16, 18)  # PQ and HLG
