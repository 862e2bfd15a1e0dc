"""What the C library does with memory that was freed, where it is glibc; nothing happens elsewhere."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1}
_USUAL = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
"""Where glibc's own adjustment arrives with large tensors; it ends for good at the first call."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed for the next tensor, in the whole process, until the block ends.

    Otherwise tensors of 32 MB and more go back to the system when they are freed, and the next one is filled
    with zeros page by page: a quarter of a core's time at 640x360. The price is memory, there 3.0 GB instead
    of 1.7 (benchmarks/README.md). It is for processes of our own, since it holds for all in one.
    """
    _adjust(_KEEPING)
    try:
        yield
    finally:
        _adjust(_USUAL)
        return_freed_memory()


def _adjust(values: Mapping[int, int]) -> None:
    with suppress(OSError, AttributeError):
        if sys.platform == "linux":
            library = ctypes.CDLL(None)
            for parameter, value in values.items():
                library.mallopt(parameter, value)


def return_freed_memory() -> None:
    """Give back to the system what was freed; some milliseconds.

    Freed blocks of up to 32 MB, such as restored frames, are handed out in whatever order they went: so the
    peak of a filter crept from 4.2 GB after 300 frames of 480x270 to 4.6 GB after 1000.
    """
    with suppress(OSError, AttributeError):
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
