"""The peak resident memory of this process."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

from vsrealbasicvsr.evaluate.absent import Absent, Figure


def reset() -> None:
    """Start a new peak on Linux. On other systems, the peak remains that of the whole process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read() -> Figure:
    """Return the peak in MB of 1e6 bytes."""
    # Avoid getrusage if possible: on Linux its peak starts with that of the parent process.
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
        line = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        if line is not None:
            return int(line[1]) * 1024 / 1e6
    if sys.platform == "win32":
        return Absent("Windows is not asked for it")
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
