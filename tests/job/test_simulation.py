"""The expected time of a job, against sums and bounds worked out by hand, and a second that is simulated."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from vsrealbasicvsr.job.forecast import (
    CONTEXT_SHARE,
    Costs,
    Film,
    Load,
    loads,
    made_up_film,
    read_film,
    restoring,
    simulate,
)
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule
from vsrealbasicvsr.job.segments.scan import Scan
from vsrealbasicvsr.video.read.source import open_source

COSTS = Costs(rate=20, scan_rate=360, start=10, overhead=0.3, disk=200, bitrate=20)
FILM = made_up_film(20, 1280, 720)
LOADS = tuple(loads(FILM, 60, 24, 8))
MANY = 10_000


def work(costs: Costs = COSTS) -> float:
    """Seconds of a device for all segments, summed in another order than the simulation's."""
    frames = sum(load.segment.stop - load.segment.start for load in LOADS)
    around = sum(load.segment.start - load.first + load.end - load.segment.stop for load in LOADS)
    return (frames + (85.13 + 39.30) / 377.2 * around) / costs.rate + costs.overhead * len(LOADS)


def finish(given: tuple[Load, ...], devices: int, costs: Costs) -> float:
    """The end of the last segment, found moment by moment: a thread that reads, a queue of one, devices."""
    unread, reading, waiting, busy = list(given), None, None, [0.0] * devices
    now, seen, last = 0.0, 0, 0.0
    while unread or reading or waiting:
        if waiting and min(busy) <= now:
            done = max(now, costs.start) + costs.of(waiting)
            busy[busy.index(min(busy))] = done
            last, waiting = max(last, done), None
        elif reading and reading[0] <= now and waiting is None:
            waiting, reading = reading[1], None
        elif reading is None and unread:
            reading = now + (unread[0].end - seen) / costs.scan_rate, unread[0]
            seen = unread.pop(0).end
        else:
            moments = ([min(busy)] if waiting else []) + ([reading[0]] if reading and not waiting else [])
            now = max(now, min(moments))
    return last


def test_one_device_takes_the_sum_of_all_parts() -> None:
    one = simulate(FILM, LOADS, 1, COSTS)
    joining = 4 * (20 * 60 * 20 / 8) / 200  # seconds of film, Mbit/s, MB, four times over the disk
    assert one.joining == pytest.approx(joining, rel=1e-12)
    assert one.whole == pytest.approx(10 + work() + joining, rel=1e-12)
    assert (one.speedup, one.share, one.bound) == (1, 1, "devices")


@pytest.mark.parametrize("scan_rate", [30, 360])
def test_many_devices_take_the_scan_the_longest_tail_and_the_joining(scan_rate: float) -> None:
    costs = replace(COSTS, scan_rate=scan_rate)
    tail = max(max(load.end / scan_rate, 10) + costs.of(load) for load in LOADS)
    assert restoring(LOADS, MANY, costs) == pytest.approx(tail, rel=1e-12)
    assert restoring(LOADS, MANY, costs) >= FILM.frames / scan_rate + costs.of(LOADS[-1]) - 1e-6


@pytest.mark.parametrize("devices", [1, 2, 3, 8, 64, 1000])
@pytest.mark.parametrize("scan_rate", [10, 360, math.inf])
def test_the_time_lies_between_the_ideal_and_that_of_any_greedy_order(devices: int, scan_rate: float) -> None:
    costs = replace(COSTS, scan_rate=scan_rate)
    made = simulate(FILM, LOADS, devices, costs)
    scan, share = FILM.frames / scan_rate, work() / devices
    slack = 1e-6
    assert made.restoring >= max(scan, costs.start + share) - slack
    assert made.restoring <= scan + share + max(map(costs.of, LOADS)) + costs.start + slack
    assert made.speedup <= devices + slack


@pytest.mark.parametrize("devices", [1, 2, 5, 18, 40])
def test_it_is_the_same_when_played_through_moment_by_moment(devices: int) -> None:
    assert restoring(LOADS, devices, COSTS) == pytest.approx(finish(LOADS, devices, COSTS), rel=1e-9)


def test_more_devices_are_worth_it_until_the_scan_finds_no_more_work() -> None:
    bounds = [simulate(FILM, LOADS, n, replace(COSTS, bitrate=1)).bound for n in (1, 4, 64, 1000)]
    assert bounds == ["devices", "devices", "scan", "scan"]
    assert simulate(FILM, LOADS, 1000, replace(COSTS, bitrate=200)).bound == "joining"
    assert simulate(FILM, LOADS, 1000, replace(COSTS, scan_rate=1e6, bitrate=0.01)).bound == "start"
    one_shot = tuple(loads(made_up_film(20, 1280, 720, ()), 60, 0, 8))
    assert simulate(FILM, one_shot, 8, COSTS).bound == "segments"


def test_segments_and_their_context_are_those_that_workers_get(clip: Path) -> None:
    for cuts in ({4, 6}, {5}, set[int]()):
        for longest, window, margin in [(2, 3, 2), (3, 2, 8), (20, 2, 1), (2, 0, 2), (1, 1, 0)]:
            with open_source(clip) as source:
                scan = Scan(source, frames_with_cuts(source, cuts), SegmentRule(longest, window), margin)
                expected = [Load(one.segment, one.first, one.end) for one in scan.assignments()]
            film = Film(10, tuple(sorted(cuts)), Fraction(25), 64, 48)
            assert list(loads(film, longest, window, margin)) == expected


def test_a_source_is_read_once_for_its_length_and_its_cuts(clip: Path) -> None:
    with open_source(clip) as source:
        film, rate = read_film(frames_with_cuts(source, {0, 4, 7}), source.info)
    assert film == Film(10, (4, 7), Fraction(25), 64, 48)
    assert 0 < rate < math.inf


def test_the_made_up_film_is_the_same_each_time_and_has_the_shots_it_promises() -> None:
    film = made_up_film(600, 640, 360)
    assert film == made_up_film(600, 640, 360)
    assert film.frames == 600 * 60 * 24
    shots = [(b - a) / 24 for a, b in zip((0, *film.cuts), film.cuts, strict=False)]
    assert statistics.median(shots) == pytest.approx(2.5, rel=0.05)
    assert statistics.mean(shots) == pytest.approx(4, rel=0.05)


def test_a_frame_of_context_costs_a_third_of_a_frame() -> None:
    load = Load(Segment(24, 48), 16, 56)
    alone = replace(COSTS, overhead=0, rate=1).of(load)
    assert alone == pytest.approx(24 + 16 * CONTEXT_SHARE)
    assert pytest.approx(1 / 3, abs=0.01) == CONTEXT_SHARE
