"""What a job's expected time depends on in its source: how long it is, and where its cuts are."""

from __future__ import annotations

import math
import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.video.read.source import SourceFrame, SourceInfo

_MADE_UP_RATE = Fraction(24)
_MEDIAN_SHOT, _MEAN_SHOT = 2.5, 4.0
"""Seconds. That shot lengths are log-normal is what Barry Salt found; the two numbers are our assumption."""
_SEED = 4


@dataclass(frozen=True, slots=True)
class Film:
    """A source as a plan sees it.

    Attributes:
        frames: How many.
        cuts: Frames that start a shot, in order; the first frame is none.
        rate: Frames a second when it is played.
        width: Of its pictures, in pixels.
        height: Likewise.
    """

    frames: int
    cuts: tuple[int, ...]
    rate: Fraction
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Load:
    """A segment, and the context that its worker reads, too.

    Attributes:
        segment: The frames to restore.
        first: Number of the first frame of its context.
        end: Number of the first frame behind its context.
    """

    segment: Segment
    first: int
    end: int

    @property
    def context(self) -> int:
        """Frames of context."""
        return self.end - self.first - self.segment.frames


def loads(film: Film, longest: int, window: int, margin: int) -> Iterator[Load]:
    """The segments of a film in order, as `Scan` gives them to workers.

    Args:
        film: Of which.
        longest: As `SegmentRule` takes it.
        window: The setting.
        margin: The setting.
    """
    rule, cuts = SegmentRule(longest, window), frozenset(film.cuts)
    starts = [n for n in range(film.frames) if rule.starts(n, n in cuts)]
    for start, stop in pairwise([*starts, film.frames]):
        before = film.cuts[: bisect_right(film.cuts, start)][-1:]
        after = film.cuts[bisect_left(film.cuts, stop) :][:1]
        yield Load(
            Segment(start, stop), max(start - margin, *before, 0), min(stop + margin, *after, film.frames)
        )


def read_film(frames: Iterable[tuple[SourceFrame, bool]], info: SourceInfo) -> tuple[Film, float]:
    """Read a source once, as a job with workers does.

    Args:
        frames: All of it, with whether each starts a shot.
        info: Of the source.

    Returns:
        The film, and how many of its frames were read a second.
    """
    begun = time.perf_counter()
    count, cuts = 0, []
    for n, (_, cut) in enumerate(frames):
        count = n + 1
        cuts.extend([n] if cut and n else [])
    seconds = time.perf_counter() - begun
    return Film(count, tuple(cuts), info.rate, info.width, info.height), count / seconds


def made_up_film(minutes: float, width: int, height: int, given: Container[int] | None = None) -> Film:
    """A feature film that nobody shot, the same in every run: 24 frames a second, shots of 4 s on average.

    Args:
        minutes: How long it is.
        width: Of its pictures, in pixels.
        height: Likewise.
        given: Frames that start a shot; None makes them up.
    """
    frames = max(1, round(minutes * 60 * _MADE_UP_RATE))
    cuts = _made_up_cuts(frames) if given is None else (n for n in range(1, frames) if n in given)
    return Film(frames, tuple(cuts), _MADE_UP_RATE, width, height)


def _made_up_cuts(frames: int) -> Iterator[int]:
    """Of shots whose lengths are log-normal."""
    lengths = random.Random(_SEED)
    spread = math.sqrt(2 * math.log(_MEAN_SHOT / _MEDIAN_SHOT))
    cut = 0
    while True:
        seconds = lengths.lognormvariate(math.log(_MEDIAN_SHOT), spread)
        cut += max(1, round(seconds * _MADE_UP_RATE))
        if cut >= frames:
            return
        yield cut
