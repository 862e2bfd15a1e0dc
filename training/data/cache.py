"""Decoded pictures that are kept for a while, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray


class PictureCache:
    """The pictures used last. A copy in another process begins empty.

    Args:
        capacity: bytes of pixels at most; a picture larger than that is not kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bytes = 0
        self._pictures: OrderedDict[Hashable, NDArray[np.uint8]] = OrderedDict()

    def __reduce__(self) -> tuple[type[PictureCache], tuple[int]]:
        return PictureCache, (self._capacity,)

    def get(self, key: Hashable) -> NDArray[np.uint8] | None:
        """The picture, which then counts as used last; None if it is not here."""
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def put(self, key: Hashable, picture: NDArray[np.uint8]) -> None:
        """Keep a picture, in place of those that were not used for longest."""
        if key in self._pictures or picture.nbytes > self._capacity:
            return
        self._pictures[key] = picture
        self._bytes += picture.nbytes
        while self._bytes > self._capacity:
            _, oldest = self._pictures.popitem(last=False)
            self._bytes -= oldest.nbytes

    def get_or(self, key: Hashable, read: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """The picture, read and kept if it is not here."""
        picture = self.get(key)
        if picture is None:
            picture = read()
            self.put(key, picture)
        return picture
