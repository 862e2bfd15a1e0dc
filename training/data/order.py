"""The order in which an endless training visits a finite number of things."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class EpochOrder:
    """Every thing comes once an epoch, in an order that is new in each.

    Args:
        count: how many things there are, 1 or more.
        seed: decides the orders, 0 or more.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._last: tuple[int, NDArray[np.int64]] | None = None  # an epoch and its permutation

    def __getitem__(self, position: int) -> int:
        """The number of the thing at a position of the whole training: 0, 1, 2, ... without end."""
        epoch, place = divmod(position, self._count)
        if self._last is None or self._last[0] != epoch:
            # The spawn key keeps these numbers apart from those of the samples.
            seeds = np.random.SeedSequence(self._seed, spawn_key=(epoch,))
            order = np.random.Generator(np.random.PCG64(seeds)).permutation(self._count)
            self._last = (epoch, order)
        return int(self._last[1][place])
