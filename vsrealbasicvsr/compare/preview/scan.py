"""The scan of a film, without restoration: cuts, measures, and the frames where reading can start again."""

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
    """The time stamp and the checksum of a frame, with which `Source.since` can start at it."""

    pts: int
    check: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The scan of a film, or of the part of it that was read.

    Attributes:
        frames: Number of frames that were read.
        cuts: For each value of the setting `cuts`, the numbers of the frames that start a shot.
        entries: An entry for every frame at which a window may start.
        measures: Measures of all frames; None if no frames have to be selected.
        seek: Whether time stamps identify the frames, so that reading can start in the middle.
        damaged: Whether pictures are damaged or lost, and may be different when they are read again.
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

    About 20 bytes per frame are kept, and no pictures.

    Args:
        source: The film; its warnings are logged as they come.
        variants: The settings of the variants that will restore it.
        named: Numbers of the requested frames; if there are none, the film is read to its end and all frames
            are measured.
        on_frame: Called after each frame with the number of frames read.

    Raises:
        VideoError: a file of cuts cannot be read.
    """
    cuts_by_setting = {settings.cuts: given_cuts(settings.cuts) for settings in variants}
    shrink, measuring = Shrinker(), None if named else Measuring()
    detected: set[int] = set()
    entries: dict[int, Entry] = {}
    count = 0
    # None detects cuts; this is necessary if any of the settings is "auto".
    cuts = None if None in cuts_by_setting.values() else frozenset[int]()
    for count, (frame, cut) in enumerate(islice(frames_with_cuts(source, cuts), _needed(named, variants)), 1):
        number = count - 1
        if cut and number:
            detected.add(number)
        if any(
            may_start(number, settings, cut=_is_cut(number, cuts_by_setting[settings.cuts], detected))
            for settings in variants
        ):
            entries[number] = _entry(frame)
        if measuring is not None:
            measuring.add(shrink(frame.picture))
        on_frame(count)
    return Scan(
        count,
        {
            setting: frozenset(detected) if numbers is None else numbers - {0}
            for setting, numbers in cuts_by_setting.items()
        },
        entries,
        None if measuring is None else measuring.measures(),
        seek=not source.repaired,
        damaged=bool(source.lost or source.damaged),
    )


def _entry(frame: SourceFrame) -> Entry:
    return Entry(frame.pts, checksum(frame.picture))


def _is_cut(number: int, cuts: frozenset[int] | None, detected: set[int]) -> bool:
    return number in (detected if cuts is None else cuts)


def _needed(named: Sequence[int], variants: Sequence[Settings]) -> int | None:
    """Return the number of frames to read for the named ones; None for the whole film."""
    reached = [reach(number, settings) for number in named for settings in variants]
    if not reached or None in reached:
        return None
    return max(stop for stop in reached if stop is not None)
