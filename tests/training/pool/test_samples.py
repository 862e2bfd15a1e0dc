"""The order of samples, and the turns that low frame and targets share."""

from __future__ import annotations

from pathlib import Path

import torch

from training.pool.samples import PoolSamples, collate
from training.pool.shards import PoolReader

TARGETS = ("truth_area", "teacher_area")


def samples(pool: Path, seed: int = 0) -> PoolSamples:
    return PoolSamples(PoolReader((pool,), TARGETS), TARGETS, seed)


def test_every_sample_comes_once_an_epoch_in_an_order_that_changes(pool: Path) -> None:
    reader, drawn = PoolReader((pool,), TARGETS), samples(pool)
    sums = [int(reader[number]["low"].sum()) for number in range(6)]
    epochs = [[int(drawn[6 * epoch + place].low.sum()) for place in range(6)] for epoch in range(3)]
    assert all(sorted(epoch) == sorted(sums) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_low_and_targets_are_turned_alike_in_all_eight_ways(pool: Path) -> None:
    reader, drawn, seen = PoolReader((pool,), TARGETS), samples(pool), set()
    stored = {int(reader[number]["low"].sum()): reader[number] for number in range(6)}
    for position in range(120):
        sample = drawn[position]
        plain = stored[int(sample.low.sum())]
        fitting = [
            (turns, mirrored)
            for turns in range(4)
            for mirrored in (False, True)
            if torch.equal(_turned(plain["low"], turns, mirrored), sample.low)
        ]
        assert len(fitting) == 1
        seen.add(fitting[0])
        for name in TARGETS:
            assert torch.equal(_turned(plain[name], *fitting[0]), sample.targets[name])
    assert len(seen) == 8


def test_a_sample_depends_on_seed_and_position_alone(pool: Path) -> None:
    one, other = samples(pool), samples(pool)
    list(map(one.__getitem__, range(10)))
    assert torch.equal(one[37].low, other[37].low)
    assert any(not torch.equal(samples(pool, 1)[place].low, other[place].low) for place in range(6))


def test_a_batch_stacks_its_samples(pool: Path) -> None:
    drawn = samples(pool)
    batch = collate([drawn[0], drawn[1]])
    assert batch.low.shape == (2, 3, 8, 8)
    assert torch.equal(batch.targets["teacher_area"][1], drawn[1].targets["teacher_area"])


def _turned(frame: torch.Tensor, turns: int, mirrored: bool) -> torch.Tensor:
    turned = torch.rot90(frame, turns, (1, 2))
    return turned.flip(2) if mirrored else turned
