"""The film read once without restoring it: cuts, measures, and where reading can begin again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from vsrealbasicvsr.compare.frame_choice import Measures, Measuring
from vsrealbasicvsr.compare.preview.spans import may_start, reach
from vsrealbasicvsr.cuts import given_cuts
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.cuts import Shrinker
from vsrealbasicvsr.video.read.source import Source, SourceFrame


@dataclass(frozen=True, slots=True)
class Entry:
    """What `Source.since` needs to begin at a frame: its time stamp and its checksum."""

    pts: int
    check: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of a film, or of as much of it as was read.

    Attributes:
        frames: How many were read.
        cuts: By each value of the setting `cuts`, the frames that start a shot.
        entries: For every frame with which a window may start.
        measures: Of all frames; None where nothing is to be chosen.
        seek: Whether frames can be told apart by time, so that reading can begin in the middle.
        damaged: Whether pictures are damaged or lost, and may come out otherwise when they are read again.
    """

    frames: int
    cuts: Mapping[str, frozenset[int]]
    entries: Mapping[int, Entry]
    measures: Measures | None
    seek: bool
    damaged: bool


def scan(
    source: Source,
    variants: Sequence[Settings],
    named: Sequence[int] = (),
    on_frame: Callable[[int], None] = lambda _: None,
) -> Scan:
    """Read a film from the start, to its end or as far as the named frames need it.

    Kept are some 20 bytes a frame, and no pictures.

    Args:
        source: Its warnings are logged as they come.
        variants: The settings with which it is to be restored.
        named: Frames that were asked for by number; none reads to the end and measures all frames.
        on_frame: Called after each frame with how many were read.

    Raises:
        VideoError: a file of cuts cannot be read.
    """
    given = {settings.cuts: given_cuts(settings.cuts) for settings in variants}
    shrink, measuring = Shrinker(), None if named else Measuring()
    found: set[int] = set()
    entries: dict[int, Entry] = {}
    count = 0
    # Cuts are looked for where any of the settings asks for it.
    first = None if None in given.values() else frozenset[int]()
    for count, (frame, cut) in enumerate(
        islice(frames_with_cuts(source, first), _needed(named, variants)), 1
    ):
        number = count - 1
        if cut and number:
            found.add(number)
        if any(
            may_start(number, settings, cut=_is_cut(number, given[settings.cuts], found))
            for settings in variants
        ):
            entries[number] = _entry(frame)
        if measuring is not None:
            measuring.add(shrink(frame.picture))
        on_frame(count)
    return Scan(
        count,
        {name: frozenset(found) if cuts is None else cuts - {0} for name, cuts in given.items()},
        entries,
        None if measuring is None else measuring.measures(),
        seek=not source.repaired,
        damaged=bool(source.lost or source.damaged),
    )


def _entry(frame: SourceFrame) -> Entry:
    return Entry(frame.pts, checksum(frame.picture))


def _is_cut(number: int, given: frozenset[int] | None, found: set[int]) -> bool:
    return number in (found if given is None else given)


def _needed(named: Sequence[int], variants: Sequence[Settings]) -> int | None:
    """Frames to read for the named ones; None is all."""
    reached = [reach(number, settings) for number in named for settings in variants]
    if not reached or None in reached:
        return None
    return max(stop for stop in reached if stop is not None)
