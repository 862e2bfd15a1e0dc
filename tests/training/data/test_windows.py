from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.windows import windows


def test_reds_is_cut_as_the_paper_cuts_it() -> None:
    places = [(window.top, window.left) for window in windows(720, 1280, 480, 240)]
    assert places == [(top, left) for top in (0, 240) for left in (0, 240, 480, 720, 800)]


@settings(max_examples=50)
@given(st.integers(256, 900), st.integers(256, 900), st.integers(64, 600), st.integers(50, 600))
def test_windows_lie_inside_and_reach_the_ends(height: int, width: int, size: int, step: int) -> None:
    found = windows(height, width, size, step)
    assert len(set(found)) == len(found)
    assert {window[2:] for window in found} == {(min(size, height), min(size, width))}
    assert all(window.top >= 0 and window.left >= 0 for window in found)
    assert max(window.top + window.height for window in found) == height
    assert max(window.left + window.width for window in found) == width
    lefts = sorted({window.left for window in found})
    assert all(b - a <= step for a, b in pairwise(lefts))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((300, 400), [(0, 0, 300, 400)]), ((300, 700), [(0, 0, 300, 480), (0, 220, 300, 480)])],
)
def test_sides_below_the_window_are_taken_whole(
    size: tuple[int, int], expected: list[tuple[int, ...]]
) -> None:
    assert list(windows(*size, 480, 240)) == expected


def test_pictures_too_small_to_train_on_have_no_windows() -> None:
    assert windows(255, 900, 480, 240) == ()
    assert windows(900, 255, 480, 240) == ()
    assert len(windows(255, 255, 128, 128)) == 4
