"""The endless sequence of samples that a seed makes from pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.data.order import EpochOrder
from training.pool.shards import LOW, PoolReader
from training.stage import Target


class CleaningSample(NamedTuple):
    """A single frame and its targets. S is its side.

    Attributes:
        low: (3, S, S) uint8, RGB.
        targets: targets by name, each (3, S, S) uint8.
    """

    low: Tensor
    targets: dict[Target, Tensor]


class CleaningBatch(NamedTuple):
    """N samples stacked along a new first dimension; see `CleaningSample`."""

    low: Tensor
    targets: dict[Target, Tensor]
    damaged: tuple[str, ...] = ()


class PoolSamples(Dataset[CleaningSample]):
    """Samples of pools by position, flipped and transposed at random.

    A sample depends only on the pools, the seed and its position. Every sample of the pools comes once per
    epoch.

    Args:
        reader: reader of the pools.
        targets: names of the targets, which the reader must have.
        seed: random seed, 0 or more.
    """

    def __init__(self, reader: PoolReader, targets: Sequence[Target], seed: int) -> None:
        self._reader = reader
        self._targets = tuple(targets)
        self._order = EpochOrder(len(reader), seed)
        self._seed = seed

    def __getitem__(self, position: int) -> CleaningSample:
        """Return the sample at a position of the whole training: 0, 1, 2, ... without end.

        Raises:
            TrainingError: the shard of the sample can no longer be read.
        """
        stored = self._reader[self._order[position]]
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self._seed, position])))
        turn = int(rng.integers(8))
        return CleaningSample(
            _turned(stored[LOW], turn), {name: _turned(stored[name], turn) for name in self._targets}
        )


def collate(samples: Sequence[CleaningSample]) -> CleaningBatch:
    """Stack samples of one `PoolSamples` into a batch."""
    names = samples[0].targets
    return CleaningBatch(
        low=torch.stack([sample.low for sample in samples]),
        targets={name: torch.stack([sample.targets[name] for sample in samples]) for name in names},
    )


def _turned(frame: Tensor, turn: int) -> Tensor:
    """Apply one of the eight symmetries of a square."""
    if turn & 1:
        frame = frame.flip(-1)
    if turn & 2:
        frame = frame.flip(-2)
    return (frame.transpose(-1, -2) if turn & 4 else frame).contiguous()
