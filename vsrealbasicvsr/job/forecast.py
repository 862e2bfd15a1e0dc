"""Forecast of a job's time on many devices: the source in numbers, and a simulation of the workers."""

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
"""In seconds. Barry Salt found that shot lengths are log-normal; the two numbers are our assumption."""
_SEED = 4


@dataclass(frozen=True, slots=True)
class Film:
    """A source in numbers.

    Attributes:
        frames: Number of frames.
        cuts: Numbers of the frames that start a shot, in order, without frame 0.
        rate: Frames per second when it is played.
        width: Width of its pictures in pixels.
        height: Height of its pictures in pixels.
    """

    frames: int
    cuts: tuple[int, ...]
    rate: Fraction
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Load:
    """A segment and the context that its worker reads.

    Attributes:
        segment: The frames to restore.
        first: Number of the first frame of its context.
        end: Number of the first frame after its context.
    """

    segment: Segment
    first: int
    end: int

    @property
    def context(self) -> int:
        """Number of frames of context."""
        return self.end - self.first - self.segment.frames


def loads(film: Film, longest: int, window: int, margin: int) -> Iterator[Load]:
    """Yield the segments of a film in order, as `Scan` gives them to workers.

    Args:
        film: The source.
        longest: See `SegmentRule`.
        window: The setting `window`.
        margin: The setting `margin`.
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
        frames: All frames of the source, each with True if it starts a shot.
        info: The source's properties.

    Returns:
        The film, and the number of frames that were read per second.
    """
    started = time.perf_counter()
    count, cuts = 0, []
    for n, (_, cut) in enumerate(frames):
        count = n + 1
        cuts.extend([n] if cut and n else [])
    seconds = time.perf_counter() - started
    return Film(count, tuple(cuts), info.rate, info.width, info.height), count / seconds


def made_up_film(minutes: float, width: int, height: int, given: Container[int] | None = None) -> Film:
    """Return an invented feature film, the same in every run: 24 frames per second, shots of 4 s on average.

    Args:
        minutes: Length of the film.
        width: Width of its pictures in pixels.
        height: Height of its pictures in pixels.
        given: Numbers of the frames that start a shot; None invents them.
    """
    frames = max(1, round(minutes * 60 * _MADE_UP_RATE))
    cuts = _made_up_cuts(frames) if given is None else (n for n in range(1, frames) if n in given)
    return Film(frames, tuple(cuts), _MADE_UP_RATE, width, height)


def _made_up_cuts(frames: int) -> Iterator[int]:
    """Yield the cuts of shots with log-normal lengths."""
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
"""What limits a job's speed: the number of devices, the scan, long segments at its end, the joining, or the
start of the workers."""

CONTEXT_SHARE = (85.13 + 39.30) / 377.2
"""Cost of a frame of context, as a share of the time of a restored frame: it is cleaned and its flows are
computed once more. The numbers are the operations of a cleaning pass, of the flows in both directions, and of
everything (specification 10.1). The trunks run over the margins of windows in any case, so they are not
counted."""
JOINING_PASSES = 4
"""Segments are read twice, to hash and to join them; the output is written, and read once to check it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """Speeds and times of the parts of a job.

    Attributes:
        rate: Frames per second that one device restores.
        scan_rate: Frames per second of the scan for segments.
        start: Seconds until a worker is ready.
        overhead: Seconds for each segment: seeking, the start of the encoder, and the wait for the disk.
        disk: Megabytes per second that one process reads or writes.
        bitrate: Bit rate of the output, in megabits per second.
    """

    rate: float
    scan_rate: float
    start: float
    overhead: float
    disk: float
    bitrate: float

    def of(self, load: Load) -> float:
        """Return the seconds for which a segment occupies its device."""
        return self.overhead + (load.segment.frames + CONTEXT_SHARE * load.context) / self.rate

    def joining(self, film: Film) -> float:
        """Return the seconds from the last segment to the complete output."""
        megabytes = float(film.frames / film.rate) * self.bitrate / 8
        return JOINING_PASSES * megabytes / self.disk


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast for a number of devices.

    Attributes:
        devices: Number of devices.
        scan: Seconds to read the source once without waiting.
        restoring: Seconds until the last segment is done, including the scan.
        joining: Seconds from there to the complete output.
        speedup: Time on one device divided by the time on these devices.
        gains: Seconds that would be saved by twice the devices; a scan, a joining or a start of the workers
            that takes no time; or segments that are as short as needed.
    """

    devices: int
    scan: float
    restoring: float
    joining: float
    speedup: float
    gains: dict[Bound, float]

    @property
    def whole(self) -> float:
        """Total seconds."""
        return self.restoring + self.joining

    @property
    def share(self) -> float:
        """Speed-up as a share of the ideal one, which is the number of devices."""
        return self.speedup / self.devices

    @property
    def bound(self) -> Bound:
        """The limit whose removal would save the most time."""
        return max(self.gains, key=lambda name: self.gains[name])


def restoring(loads: Sequence[Load], devices: int, costs: Costs) -> float:
    """Return the seconds until the last segment is done.

    As in `spread`, segments go in order to the device that is free first. While a segment waits for a device,
    one more is read, and no further ones.

    Args:
        loads: All segments, in order.
        devices: Number of devices, 1 or more.
        costs: Speeds and times of the parts.
    """
    free = [0.0] * devices
    scanned, read, assigned, assigned_before, last = 0, 0.0, 0.0, 0.0, 0.0
    for load in loads:
        read = max(read, assigned_before) + (load.end - scanned) / costs.scan_rate
        assigned_before, assigned = assigned, max(read, assigned, free[0])
        done = max(assigned, costs.start) + costs.of(load)  # a segment may wait for its worker's start
        heapq.heapreplace(free, done)
        scanned, last = load.end, max(last, done)
    return last


def simulate(film: Film, loads: Sequence[Load], devices: int, costs: Costs) -> Forecast:
    """Forecast the time that a number of devices takes for a film.

    Not counted are the time of the shared disk while segments are made, failures, and the slowdown of devices
    that share a machine.

    Args:
        film: The source.
        loads: All its segments, in order.
        devices: Number of devices, 1 or more.
        costs: Speeds and times of the parts.
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
    on_one_device = restoring(loads, 1, costs) + joining
    speedup = on_one_device / (seconds + joining)
    return Forecast(devices, scan, seconds, joining, speedup, gains)
