from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from vsrealbasicvsr.video.read.reader import Facts, Tally
from vsrealbasicvsr.video.read.timestamps import in_order

FACTS = Facts(path=Path("clip"), time_base=Fraction(1, 1000), rate=Fraction(25), duration=Fraction(100))


def repaired(*stamps: int | None) -> tuple[list[int | None], list[str]]:
    def pictures():
        for pts in stamps:
            picture = VideoFrame(2, 2, "gray")
            picture.pts = pts
            yield picture

    tally = Tally()
    return [picture.pts for picture in in_order(pictures(), FACTS, tally)], tally.warnings


def test_good_ones_stay() -> None:
    stamps = [-80, 0, 3, 17, 1000, 1001, 99_999]
    assert repaired(*stamps) == (stamps, [])


def test_missing_ones_follow_at_the_rate() -> None:
    assert repaired(None, None, 100, None, 200) == ([0, 40, 100, 140, 200], [])


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 40, 40, 120], [0, 40, 41, 120]),  # twice the same
        ([0, 40, 5000, 120, 160], [0, 40, 80, 120, 160]),  # one leaps ahead
        ([0, 40, 80, 60, 160], [0, 40, 50, 60, 160]),
        ([1000, 1040, 200, 1120, 1160], [1000, 1040, 1080, 1120, 1160]),  # one falls back
        ([1000, 1040, 0, 40, 80], [1000, 1040, 1080, 1120, 1160]),  # a new clock
        ([0, 40, 9_000_000, 120], [0, 40, 80, 120]),  # far beyond the stated end
    ],
)
def test_bad_ones_are_repaired_with_one_warning(stamps: list[int], expected: list[int]) -> None:
    result, warnings = repaired(*stamps)
    assert result == expected
    assert len(warnings) == 1


@given(st.lists(st.none() | st.integers(-(10**6), 10**8), max_size=30))
def test_whatever_comes_they_increase(stamps: list[int | None]) -> None:
    result, _ = repaired(*stamps)
    assert len(result) == len(stamps)
    assert all(pts is not None for pts in result)
    assert all(a < b for a, b in pairwise(result))
