"""Which frames the costly losses look at: by position, for ever the same."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from training.losses.picks import draw_picks, picked


def draw(seed: int, positions: range, frames: int = 5, count: int = 2) -> list[list[int]]:
    picks = draw_picks(seed, positions, frames, count)
    assert picks is not None
    return picks.tolist()


def test_a_clip_has_its_picks_whatever_part_of_a_batch_it_is_in() -> None:
    whole = draw(3, range(40, 48))
    assert whole[:4] + whole[4:] == draw(3, range(40, 44)) + draw(3, range(44, 48))
    assert whole != draw(3, range(48, 56))
    assert whole != draw(4, range(40, 48))


def test_picks_are_different_frames_and_all_pairs_come_up_alike() -> None:
    pairs = Counter(map(tuple, draw(0, range(4000))))
    assert all(first < second for first, second in pairs)
    assert len(pairs) == 10
    assert min(pairs.values()) > 320
    assert max(pairs.values()) < 480


def test_these_picks_are_part_of_what_a_seed_means() -> None:
    """A run that is resumed with a later version looks at the frames it would have looked at."""
    assert draw(0, range(3), frames=30, count=3) == [[13, 27, 29], [1, 11, 25], [6, 15, 28]]


@pytest.mark.parametrize("count", [0, 5, 9])
def test_all_frames_need_no_picks(count: int) -> None:
    assert draw_picks(0, range(2), 5, count) is None


def test_picked_frames_are_those_of_each_clip() -> None:
    clips = torch.arange(2 * 4).view(2, 4, 1, 1, 1).expand(2, 4, 3, 1, 1).float()
    assert picked(clips, torch.tensor([[0, 3], [1, 2]]))[:, 0].flatten().tolist() == [0, 3, 5, 6]
    assert picked(clips, None)[:, 2].flatten().tolist() == list(range(8))
