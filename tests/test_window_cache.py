"""The window cache against the arithmetic of `windows`, and what it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsrealbasicvsr.window_cache import WindowCache
from vsrealbasicvsr.windows import Window, core_stop_after, shot_at, window_at, without_other_shots


def on_grid(
    length: int,
    window: int,
    margin: int,
    cuts: Collection[int],
    first: int = 0,
    core_start: int | None = None,
) -> Iterator[tuple[Window, list[int]]]:
    """Windows as they become complete, with their frames, which are their own numbers here."""
    cache = WindowCache[int](margin, first, core_start)
    for n in range(first, length + 1):
        if n < length:
            cache.take(n, cut=n in cuts)
            cache.close(core_stop_after(n, window))
        else:
            cache.end()
        yield from cache.complete()
        assert cache.stop - cache.start <= window + 2 * margin


@given(
    length=st.integers(1, 60),
    window=st.integers(1, 12),
    margin=st.integers(0, 12),
    cuts=st.sets(st.integers(0, 60)),
)
def test_windows_are_those_of_the_grid(length: int, window: int, margin: int, cuts: set[int]) -> None:
    expected = [
        without_other_shots(window_at(n, length, window=window, margin=margin), cuts)
        for n in range(0, length, window)
    ]
    found = list(on_grid(length, window, margin, cuts))
    assert [one for one, _ in found] == expected
    assert all(frames == list(range(one.start, one.stop)) for one, frames in found)


@given(length=st.integers(1, 60), window=st.integers(1, 12), margin=st.integers(0, 12), data=st.data())
def test_a_clip_may_begin_later_with_context(
    length: int, window: int, margin: int, data: st.DataObject
) -> None:
    core_start = data.draw(st.integers(0, (length - 1) // window)) * window
    first = data.draw(st.integers(max(0, core_start - margin), core_start))
    cuts = data.draw(st.sets(st.integers(first, length)))
    found = [one for one, _ in on_grid(length, window, margin, cuts, first, core_start)]
    expected = [
        without_other_shots(window_at(n, length, window=window, margin=margin, first=first), cuts)
        for n in range(core_start, length, window)
    ]
    assert found == expected


@given(length=st.integers(1, 60), cuts=st.sets(st.integers(0, 60)))
def test_without_a_grid_a_window_is_a_shot(length: int, cuts: set[int]) -> None:
    cache, found = WindowCache[int](0), list[Window]()
    for n in range(length):
        if n in cuts:
            cache.close(n)
        cache.take(n, cut=n in cuts)
        while window := cache.next():
            found.append(window)
            cache.forget()
    cache.end()
    found += iter(cache.next, None)
    expected, n = [], 0
    while n < length:
        expected.append(shot_at(n, length, sorted(cuts)))
        n = expected[-1].core_stop
    assert found == expected


def test_a_window_is_complete_as_soon_as_its_context_is_read() -> None:
    cache = WindowCache[str](margin=2)
    cache.close(3)
    for n in range(4):
        cache.take("abcd"[n], cut=False)
        assert cache.next() is None
    cache.take("e", cut=False)
    window = cache.next()
    assert window == Window(0, 0, 3, 5)
    assert cache.items(window) == list("abcde")
    assert cache.next() is None
    cache.forget()
    assert (cache.start, cache.stop, cache.last) == (1, 5, "e")


def test_a_cut_behind_the_core_ends_the_wait() -> None:
    cache = WindowCache[int](margin=8)
    cache.close(3)
    for n in range(3):
        cache.take(n, cut=False)
    assert cache.next() is None
    cache.take(3, cut=True)
    assert cache.next() == Window(0, 0, 3, 3)
    cache.forget()
    assert cache.start == 3


@pytest.mark.parametrize(("length", "stops"), [(0, []), (1, [1]), (3, [3]), (4, [3, 4]), (6, [3, 6])])
def test_the_end_closes_the_last_core(length: int, stops: list[int]) -> None:
    cache = WindowCache[int](margin=1)
    for n in range(length):
        cache.take(n, cut=False)
    cache.close(3)
    cache.close(6)
    cache.end()
    assert [window.core_stop for window in iter(cache.next, None)] == stops
