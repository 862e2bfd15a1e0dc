"""The machine on which figures were measured."""

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
    """Return what a figure depends on besides the code.

    Args:
        device: the device that ran the network: `cpu` or `cuda:N`.

    Returns:
        Versions and system; `processor`, the name of the processor; `cores`, the number of cores that this
        process may use; `threads`, the number of threads that torch uses; `device`, the name of the device
        that ran the network; and for a GPU its `driver`.
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
    # On Linux platform.processor() returns "x86_64" or nothing.
    name = _first_match(_PROCESSOR, r"^model name\s*:\s*(\S.*?)\s*$")
    return name or platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux; os.process_cpu_count came with Python 3.13
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _driver() -> str:
    version = _first_match(_DRIVER, r"Kernel Module\b.*?\s(\d+(?:\.\d+)+)\s")
    return version or "unknown"


def _first_match(file: Path, pattern: str) -> str:
    """Return the first group of a pattern in a file of the system; an empty string if there is none."""
    with suppress(OSError):
        match = re.search(pattern, file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        return match[1] if match else ""
    return ""
