"""The machine that figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

import torch

from vsrealbasicvsr import __version__

_PROCESSOR = Path("/proc/cpuinfo")
_DRIVER = Path("/proc/driver/nvidia/version")


def machine(device: str) -> dict[str, str | int]:
    """What a figure depends on besides the code.

    Args:
        device: where the network ran: `cpu` or `cuda:N`.

    Returns:
        Versions and system; `processor`, its name; `cores`, those that this process may use; `threads`, those
        that torch uses; `device`, the name of what the network ran on; for a GPU its `driver`, too.
    """
    known: dict[str, str | int] = {
        "vsrealbasicvsr": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": _cores(),
        "threads": torch.get_num_threads(),
    }
    if not device.startswith("cuda"):
        return {**known, "device": known["processor"]}
    return {**known, "device": torch.cuda.get_device_name(device), "driver": _driver()}


def _processor() -> str:
    # On Linux platform.processor() says "x86_64" or nothing.
    named = _told(_PROCESSOR, r"^model name\s*:\s*(\S.*?)\s*$")
    return named or platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux; os.process_cpu_count came with Python 3.13
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _driver() -> str:
    told = _told(_DRIVER, r"Kernel Module\b.*?\s(\d+(?:\.\d+)+)\s")
    return told or "unknown"


def _told(file: Path, pattern: str) -> str:
    """What a file of the system says, nothing where it does not."""
    with suppress(OSError):
        found = re.search(pattern, file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        return found[1] if found else ""
    return ""
