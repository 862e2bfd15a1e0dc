"""Segments and stretches: the same in every walk, and with all the context that reaches them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import cast

import pytest

from vsrealbasicvsr.job.segments.rule import Segment, SegmentRule, longest_segment
from vsrealbasicvsr.job.segments.walk import Walk
from vsrealbasicvsr.video.read.source import SourceFrame


def frames(count: int, cuts: set[int]) -> list[tuple[SourceFrame, bool]]:
    """Numbers in place of frames: a walk never looks into them."""
    return [(cast(SourceFrame, n), n in cuts) for n in range(count)]


def segments(count: int, cuts: set[int], longest: int, window: int) -> list[Segment]:
    walk = Walk(frames(count, cuts), SegmentRule(longest, window), 0, lambda _: False)
    assert list(walk.stretches()) == []
    return list(walk.segments())


@pytest.mark.parametrize(
    ("cuts", "longest", "window", "starts"),
    [
        (set(), 100, 10, [0]),
        (set(), 20, 10, [0, 20, 40]),
        (set(), 15, 10, [0, 20, 40]),
        (set(), 15, 0, [0]),
        ({33}, 20, 10, [0, 20, 33]),
        ({33}, 20, 0, [0, 33]),
        ({33}, 100, 10, [0, 33]),
        ({3, 33, 34}, 50, 10, [0, 33]),
        ({5, 10}, 50, 10, [0, 5, 10]),
        ({33}, 10, 10, [0, 10, 20, 30, 33]),
    ],
)
def test_segments_end_at_cuts_and_on_the_grid(
    cuts: set[int], longest: int, window: int, starts: list[int]
) -> None:
    found = segments(50, cuts, longest, window)
    assert [segment.start for segment in found] == starts
    assert [segment.stop for segment in found] == [*starts[1:], 50]


@pytest.mark.parametrize(
    ("length", "size", "frames"),
    [(0, (320, 180), 240), (0, (640, 360), 240), (0, (720, 480), 160), (0, (1920, 1080), 48), (7, (8, 8), 7)],
)
def test_larger_pictures_get_shorter_segments(length: int, size: tuple[int, int], frames: int) -> None:
    assert longest_segment(length, *size) == frames


def cases() -> Iterator[tuple[int, set[int], int, int, int, random.Random]]:
    chance = random.Random(1)
    for _ in range(300):
        count = chance.randint(1, 60)
        cuts = {chance.randrange(count) for _ in range(chance.randint(0, 6))}
        yield (
            count,
            cuts,
            chance.choice([1, 4, 12]),
            chance.choice([0, 1, 3, 24]),
            chance.choice([0, 1, 8]),
            chance,
        )


def test_stretches_hold_the_segments_that_are_taken_and_what_reaches_them() -> None:
    for count, cuts, longest, window, margin, chance in cases():
        expected = segments(count, cuts, longest, window)
        wanted = {segment.start for segment in expected if chance.random() < 0.5}
        asked: list[int] = []

        def take(start: int, asked: list[int] = asked, wanted: set[int] = wanted) -> bool:
            asked.append(start)
            return start in wanted

        walk = Walk(frames(count, cuts), SegmentRule(longest, window), margin, take)
        made: list[int] = []
        for stretch in walk.stretches():
            got = [cast(int, frame) for frame, _ in stretch.frames]
            made += sorted(stretch.starts)
            stop = count if stretch.stop is None else stretch.stop
            first = stretch.start
            if first not in cuts:
                first = max(first - margin, max((cut for cut in cuts if cut < first), default=0), 0)
            end = min([cut for cut in cuts if cut >= stop] + [stop + margin, count])
            assert (stretch.first, got) == (first, list(range(first, end)))
        assert list(walk.segments()) == expected
        assert asked == [segment.start for segment in expected]
        assert made == sorted(wanted)
        assert walk.cuts == sorted(cuts - {0})
