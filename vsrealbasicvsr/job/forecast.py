"""How long a job would take on many devices: the source in numbers, and a simulation of the workers."""

from __future__ import annotations

import heapq
import math
import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

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


Bound = Literal["devices", "scan", "segments", "joining", "start"]
"""What would make a job faster: more devices, a faster scan, shorter segments at its end, a faster joining,
or workers that are ready sooner."""

CONTEXT_SHARE = (85.13 + 39.30) / 377.2
"""Of a frame's time that a frame of context costs: it is cleaned and its flows are found once more. By the
operations of a pass, of both directions and of all (SPEC 10.1); the trunks run over the margins of windows in
any case, whether a segment ends there or not."""
JOINING_PASSES = 4
"""Segments are read twice, to hash and to join them; the output is written, and read once as a check."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What the parts of a job take.

    Attributes:
        rate: Frames a second that one device restores.
        scan_rate: Frames a second that are read to find the segments.
        start: Seconds until a worker is ready.
        overhead: Seconds for each segment: seeking, the encoder's start, the disk's word that all is there.
        disk: Megabytes a second that one process reads or writes.
        bitrate: Of the output, in megabits a second.
    """

    rate: float
    scan_rate: float
    start: float
    overhead: float
    disk: float
    bitrate: float

    def of(self, load: Load) -> float:
        """Seconds for which a segment keeps its device."""
        return self.overhead + (load.segment.frames + CONTEXT_SHARE * load.context) / self.rate

    def joining(self, film: Film) -> float:
        """Seconds from the last segment to the whole output."""
        megabytes = float(film.frames / film.rate) * self.bitrate / 8
        return JOINING_PASSES * megabytes / self.disk


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a number of devices would take.

    Attributes:
        devices: How many.
        scan: Seconds to read the source once, if nothing holds that up.
        restoring: Seconds until the last segment is done, the scan among them.
        joining: Seconds from there to the whole output.
        speedup: Times as fast as one device.
        gains: Seconds less by twice the devices, a scan in no time, segments as short as one likes, a joining
            in no time, workers that are ready at once.
    """

    devices: int
    scan: float
    restoring: float
    joining: float
    speedup: float
    gains: dict[Bound, float]

    @property
    def whole(self) -> float:
        """Seconds in all."""
        return self.restoring + self.joining

    @property
    def share(self) -> float:
        """Of the speed-up that so many devices have ideally."""
        return self.speedup / self.devices

    @property
    def bound(self) -> Bound:
        """What would gain most."""
        return max(self.gains, key=lambda name: self.gains[name])


def restoring(loads: Sequence[Load], devices: int, costs: Costs) -> float:
    """Seconds until the last segment is done.

    As in `spread`: segments go in order to the device that is free first, and while one waits for a device
    another is read, but no further.

    Args:
        loads: Of all segments, in order.
        devices: 1 or more.
        costs: Of the parts.
    """
    free = [0.0] * devices
    seen, read, given, given_before, last = 0, 0.0, 0.0, 0.0, 0.0
    for load in loads:
        read = max(read, given_before) + (load.end - seen) / costs.scan_rate
        given_before, given = given, max(read, given, free[0])
        done = max(given, costs.start) + costs.of(load)  # a worker that is not ready has its first already
        heapq.heapreplace(free, done)
        seen, last = load.end, max(last, done)
    return last


def simulate(film: Film, loads: Sequence[Load], devices: int, costs: Costs) -> Forecast:
    """What so many devices would take for a film.

    Not counted: what the shared disk takes while segments are made, failures, and what devices that share a
    machine take from each other.

    Args:
        film: The source.
        loads: Of all its segments, in order.
        devices: 1 or more.
        costs: Of the parts.
    """
    seconds, joining = restoring(loads, devices, costs), costs.joining(film)
    scan = film.frames / costs.scan_rate
    ideal = max(scan, costs.start + sum(map(costs.of, loads)) / devices)
    gains: dict[Bound, float] = {
        "devices": seconds - restoring(loads, 2 * devices, costs),
        "scan": seconds - restoring(loads, devices, replace(costs, scan_rate=math.inf)),
        "segments": seconds - ideal,
        "joining": joining,
        "start": seconds - restoring(loads, devices, replace(costs, start=0.0)),
    }
    one = restoring(loads, 1, costs) + joining
    return Forecast(devices, scan, seconds, joining, one / (seconds + joining), gains)
