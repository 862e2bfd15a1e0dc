"""The highest resident memory of this process."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

from vsrealbasicvsr.evaluate.absent import Absent, Figure


def reset() -> None:
    """Count from now on, where the system can: on Linux. Elsewhere the peak stays that of the process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read() -> Figure:
    """In MB of 1e6 bytes."""
    # Not getrusage where it can be helped: on Linux it starts with the peak of the process that started us.
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
