"""Safe reading of pickles that hold only dicts, lists, texts, numbers and float32 arrays."""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsrealbasicvsr.errors import WeightsError


class Array:
    """A pickled `numpy.ndarray`; its state is checked to be float32, little-endian and in C order."""

    def __init__(self, *_: object) -> None:
        self.values: NDArray[np.float32] = np.zeros(0, np.float32)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, _Float32) or fortran or len(data) != 4 * math.prod(shape):
            raise pickle.UnpicklingError("an array of another kind or size")
        self.values = np.frombuffer(data, "<f4").reshape(shape)


class _Float32:
    """A pickled `numpy.dtype` that is checked to be little-endian float32."""

    def __init__(self, name: str, *_: object) -> None:
        if name != "f4":
            raise pickle.UnpicklingError(f"numbers of kind {name!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] != "<":
            raise pickle.UnpicklingError("big-endian numbers")


class _Reader(pickle.Unpickler):
    """An unpickler that can create only arrays, besides plain containers, texts and numbers."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        match module, name:
            case ("numpy.core.multiarray", "_reconstruct") | ("numpy", "ndarray"):
                return Array
            case "numpy", "dtype":
                return _Float32
        raise pickle.UnpicklingError(f"an object of {module}.{name}")


def read_numbers(content: bytes, name: str) -> Any:
    """Read a pickle that holds dicts, lists, texts, numbers and `Array`.

    Args:
        content: the pickle.
        name: name of its file, for the error.

    Raises:
        WeightsError: the pickle holds something else, or is damaged.
    """
    try:
        return _Reader(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise WeightsError(f"{name} is no table of numbers: {error}.") from error
