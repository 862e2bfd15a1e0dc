"""Pickled tables of numpy arrays, read without numpy's or anybody's code being reachable."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Table = dict[str, Table | PickledArray]


class PickledArray:
    """Stands in for `numpy.ndarray` while a pickle is read: takes a float32 array's state, checked."""

    def __init__(self, *_: object) -> None:
        self.values: NDArray[np.float32] = np.zeros(0, np.float32)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, _FloatKind) or fortran or len(data) != 4 * math.prod(shape):
            raise pickle.UnpicklingError("an array of another kind than float32, or of another size")
        self.values = np.frombuffer(data, "<f4").reshape(shape)


class _FloatKind:
    """Stands in for `numpy.dtype`; only little-endian float32 is let in."""

    def __init__(self, name: str, *_: object) -> None:
        if name != "f4":
            raise pickle.UnpicklingError(f"numbers of kind {name!r} where float32 was expected")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] != "<":
            raise pickle.UnpicklingError("big-endian numbers where little-endian ones were expected")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., object]:
        match module, name:
            case "numpy.core.multiarray", "_reconstruct":
                return PickledArray
            case "numpy", "ndarray":
                return PickledArray
            case "numpy", "dtype":
                return _FloatKind
        raise pickle.UnpicklingError(f"an object of {module}.{name} where arrays were expected")


def read_arrays(content: bytes) -> Table:
    """Nested tables of float32 arrays.

    Raises:
        pickle.UnpicklingError: the pickle holds anything but such arrays, dicts and texts.
    """
    table: Table = _Reader(BytesIO(content)).load()
    return table
