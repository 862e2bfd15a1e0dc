"""The frames that are chosen: of different shots, all over the film, never black, faded or blurred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from vsrealbasicvsr.compare.frame_choice import Measures, Measuring, telling_frames


def lively(length: int, seed: int = 0) -> Measures:
    """A film in which every frame could be shown."""
    rng = np.random.default_rng(seed)
    kinds = ((20, 22), (8, 9), (1, 2))
    return Measures(*(rng.uniform(*limits, length).astype(np.float32) for limits in kinds))


def shot_of(frame: int, cuts: tuple[int, ...]) -> int:
    return sum(cut <= frame for cut in cuts)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 10])
def test_there_are_as_many_of_as_many_shots_as_can_be(count: int) -> None:
    cuts = (40, 50, 110, 111, 160, 240)
    chosen = telling_frames(lively(300), cuts, count)
    assert len(chosen) == count
    assert list(chosen) == sorted(set(chosen))
    assert len({shot_of(frame, cuts) for frame in chosen}) == min(count, 7)
    assert chosen == telling_frames(lively(300), cuts, count)


def test_they_are_spread_over_the_film() -> None:
    cuts = tuple(range(10, 1000, 10))
    chosen = telling_frames(lively(1000), cuts, 9)
    faces = {frame * 6 // 1000 for frame in chosen}
    assert faces == set(range(6))


def test_a_long_shot_gives_several() -> None:
    chosen = telling_frames(lively(400), (), 4)
    assert {frame // 100 for frame in chosen} == {0, 1, 2, 3}


def test_the_longest_shots_come_first() -> None:
    cuts = (10, 110, 115, 215)
    assert {shot_of(frame, cuts) for frame in telling_frames(lively(220), cuts, 2)} == {1, 3}


@pytest.mark.parametrize("spoiled", [range(0, 100, 3), range(20, 90), [n for n in range(100) if n != 77]])
def test_black_frames_are_left_out(spoiled: Sequence[int]) -> None:
    measures = lively(100)
    measures.contrast[list(spoiled)] = 0.5
    chosen = telling_frames(measures, (60,), 5)
    assert not set(chosen) & set(spoiled)
    assert len(chosen) == min(5, 100 - len(spoiled))


def test_a_fade_in_gives_no_frame_of_its_dark_half() -> None:
    measures = lively(60)
    measures.contrast[:20] = np.linspace(0, 20, 20)
    measures.contrast[50:] = np.linspace(20, 0, 10)
    assert all(12 <= frame < 54 for frame in telling_frames(measures, (), 6))


def test_blurred_frames_are_left_out() -> None:
    measures = lively(60)
    measures.sharpness[10:40] = 2
    assert not any(10 <= frame < 40 for frame in telling_frames(measures, (), 5))


def test_the_greatest_motion_is_shown_and_no_flash_and_no_cut() -> None:
    measures = lively(120)
    measures.change[60] = 90.0  # the cut's own
    measures.change[30] = 50.0  # a jump: a cut that was not found
    measures.change[100:102] = 30.0  # motion on both sides of frame 100
    chosen = telling_frames(measures, (60,), 3)
    assert 100 in chosen
    assert not {30, 60} & set(chosen)


def test_standing_pictures_give_way_to_moving_ones() -> None:
    measures = lively(300)
    measures.change[100:300] = 0.0
    assert sum(frame < 100 for frame in telling_frames(measures, (100,), 6)) == 5


def test_a_black_film_still_gives_frames() -> None:
    measures = lively(30)
    measures.contrast[:] = 0
    assert len(telling_frames(measures, (10, 20), 5)) == 5


def test_a_short_film_gives_all_it_has() -> None:
    assert telling_frames(lively(3), (1,), 9) == (0, 1, 2)
    assert telling_frames(lively(1), (), 4) == (0,)


def test_measures_are_those_of_the_pictures() -> None:
    rng = np.random.default_rng(3)
    small = rng.uniform(0, 100, (3, 5, 8)).astype(np.float32)
    measuring = Measuring()
    for picture in small:
        measuring.add(picture)
    found = measuring.measures()
    for n, picture in enumerate(small):
        rows = np.mean([abs(float(picture[y + 1, x] - picture[y, x])) for y in range(4) for x in range(8)])
        columns = np.mean([abs(float(picture[y, x + 1] - picture[y, x])) for y in range(5) for x in range(7)])
        assert found.sharpness[n] == pytest.approx(rows + columns, rel=1e-5)
        assert found.contrast[n] == pytest.approx(np.sqrt(np.mean((picture - picture.mean()) ** 2)), rel=1e-5)
        change = 0 if n == 0 else np.mean(np.abs(picture - small[n - 1]))
        assert found.change[n] == pytest.approx(change, rel=1e-5)


def test_a_picture_of_one_pixel_can_be_measured() -> None:
    measuring = Measuring()
    measuring.add(np.full((1, 1), 3, np.float32))
    assert measuring.measures().sharpness.tolist() == [0]
