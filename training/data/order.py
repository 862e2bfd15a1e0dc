"""Order in which an endless training visits a finite number of items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class EpochOrder:
    """An endless sequence of items. Each epoch has every item once, in a new order.

    Args:
        count: number of items, 1 or more.
        seed: random seed of the orders, 0 or more.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._last: tuple[int, NDArray[np.int64]] | None = None  # an epoch and its permutation

    def __getitem__(self, position: int) -> int:
        """Return the number of the item at a position of the whole training: 0, 1, 2, ... without end."""
        epoch, place = divmod(position, self._count)
        if self._last is None or self._last[0] != epoch:
            # The spawn key makes these random numbers differ from those of the samples.
            seeds = np.random.SeedSequence(self._seed, spawn_key=(epoch,))
            order = np.random.Generator(np.random.PCG64(seeds)).permutation(self._count)
            self._last = (epoch, order)
        return int(self._last[1][place])
