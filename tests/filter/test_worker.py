"""What the worker leaves behind."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path

import numpy as np
import pytest

from vsrealbasicvsr.freed_memory import freed_memory_kept, return_freed_memory


def resident() -> float:
    """MB of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory this way")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [np.ones(12_000) for _ in range(3000)]  # 96 kB each: below what glibc maps apart
    last = blocks.pop()  # at the end of the heap, which therefore cannot shrink by itself
    blocks.clear()
    before = resident()
    return_freed_memory()
    assert resident() < before - 200
    assert last.all()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives large blocks back at once")
def test_freed_memory_is_kept_for_the_next_tensor_and_goes_back_at_the_end() -> None:
    def faults() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    def fill() -> int:
        before = faults()
        np.ones(20_000_000)  # 160 MB
        return faults() - before

    fill()
    usual = fill()
    with freed_memory_kept():
        fill()
        assert fill() < usual / 10
    assert fill() > usual / 2

    def fill_small() -> int:
        before = faults()
        np.ones(2_000_000)  # 16 MB, which glibc keeps
        return faults() - before

    fill_small()
    assert fill_small() < usual / 50
