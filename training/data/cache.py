"""Cache of decoded pictures with a limit in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray


class PictureCache:
    """The most recently used pictures. A copy in another process starts empty.

    Args:
        capacity: maximum number of bytes of pixels. A larger picture is not stored.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bytes = 0
        self._pictures: OrderedDict[Hashable, NDArray[np.uint8]] = OrderedDict()

    def __reduce__(self) -> tuple[type[PictureCache], tuple[int]]:
        return PictureCache, (self._capacity,)

    def get(self, key: Hashable) -> NDArray[np.uint8] | None:
        """Return a picture and mark it as the most recently used; None if it is not in the cache."""
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def put(self, key: Hashable, picture: NDArray[np.uint8]) -> None:
        """Store a picture. The least recently used pictures are removed to make room."""
        if key in self._pictures or picture.nbytes > self._capacity:
            return
        self._pictures[key] = picture
        self._bytes += picture.nbytes
        while self._bytes > self._capacity:
            _, oldest = self._pictures.popitem(last=False)
            self._bytes -= oldest.nbytes

    def get_or(self, key: Hashable, read: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Return a picture. If it is not in the cache, read and store it."""
        picture = self.get(key)
        if picture is None:
            picture = read()
            self.put(key, picture)
        return picture
