"""A job with workers, played through without restoring anything: how long it would take on many devices."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vsrealbasicvsr.job.film import Film, Load

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
