"""What the worker leaves behind."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vsrealbasicvsr.engine.memory.allocator import return_freed_memory


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


_FAULTS = """
import resource
import numpy as np
from vsrealbasicvsr.engine.memory.allocator import freed_memory_kept

def fill(numbers):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(numbers)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

large, small = 20_000_000, 2_000_000  # 160 MB, and 16 MB, which glibc keeps by itself
fill(large)
usual = fill(large)
with freed_memory_kept():
    fill(large)
    kept = fill(large)
after = fill(large)
fill(small)
assert kept < usual / 10, (usual, kept)
assert after > usual / 2, (usual, after)
assert fill(small) < usual / 50, usual
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives large blocks back at once")
def test_freed_memory_is_kept_for_the_next_tensor_until_the_end() -> None:
    subprocess.run([sys.executable, "-c", _FAULTS], check=True)  # in a heap without holes
