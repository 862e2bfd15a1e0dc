from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.windows import Window, shot_at, window_at, without_other_shots

lengths = st.integers(1, 300)


@given(length=lengths, window=st.integers(1, 40), margin=st.integers(0, 40))
def test_cores_hold_each_frame_once_in_order(length: int, window: int, margin: int) -> None:
    kept: list[int] = []
    while len(kept) < length:
        w = window_at(len(kept), length, window=window, margin=margin)
        assert w.core_start == len(kept)
        assert max(0, w.core_start - margin) == w.start
        assert min(length, w.core_stop + margin) == w.stop
        kept += range(w.start, w.stop)[w.core]
    assert kept == list(range(length))


@given(length=lengths, window=st.integers(1, 40), margin=st.integers(0, 40), data=st.data())
def test_a_later_first_frame_leaves_the_grid_where_it_is(
    length: int, window: int, margin: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, length - 1))
    frame = data.draw(st.integers(first, length - 1))
    whole = window_at(frame, length, window=window, margin=margin)
    ours = window_at(frame, length, window=window, margin=margin, first=first)
    there = set(range(first, length))
    assert set(range(ours.start, ours.stop)) == there & set(range(whole.start, whole.stop))
    assert set(range(ours.core_start, ours.core_stop)) == there & set(
        range(whole.core_start, whole.core_stop)
    )


@given(length=lengths, window=st.integers(1, 40), margin=st.integers(0, 40), data=st.data())
def test_a_window_depends_on_its_frames_only_through_the_grid(
    length: int, window: int, margin: int, data: st.DataObject
) -> None:
    frame = data.draw(st.integers(0, length - 1))
    w = window_at(frame, length, window=window, margin=margin)
    assert w.core_start <= frame < w.core_stop
    assert w.core_start % window == 0
    assert all(
        window_at(n, length, window=window, margin=margin) == w for n in range(w.core_start, w.core_stop)
    )


@given(length=lengths, cuts=st.sets(st.integers(0, 320)), data=st.data())
def test_shots_lie_between_neighbouring_cuts(length: int, cuts: set[int], data: st.DataObject) -> None:
    frame = data.draw(st.integers(0, length - 1))
    shot = shot_at(frame, length, sorted(cuts))
    assert shot.core_start <= frame < shot.core_stop
    assert shot.core_start == 0 or shot.core_start in cuts
    assert shot.core_stop == length or shot.core_stop in cuts
    assert not any(n in cuts for n in range(shot.core_start + 1, shot.core_stop))


@given(cuts=st.frozensets(st.integers(0, 30)))
def test_margins_end_at_the_nearest_cut(cuts: frozenset[int]) -> None:
    w = without_other_shots(Window(5, 10, 15, 20), cuts)
    assert (w.core_start, w.core_stop) == (10, 15)
    assert not any(n in cuts for n in range(w.start + 1, 11))
    assert not any(n in cuts for n in range(15, w.stop))
    assert w.start == 5 or w.start in cuts
    assert w.stop == 20 or w.stop in cuts


@pytest.mark.parametrize("numbers", [(1, 0, 2, 3), (0, 2, 2, 3), (0, 1, 4, 3), (-1, 0, 1, 1)])
def test_impossible_windows_cannot_be_made(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ClipError):
        Window(*numbers)
