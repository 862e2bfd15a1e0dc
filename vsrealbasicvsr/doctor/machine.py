"""Probes of the machine: devices, memory, disk, and environment variables that make the program slow."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vsrealbasicvsr.doctor.child import facts_of
from vsrealbasicvsr.doctor.container import Limits
from vsrealbasicvsr.doctor.finding import Finding
from vsrealbasicvsr.weights.known import CACHE_VARIABLE, cache_folder

_GB = 10**9
_ENOUGH_MEMORY = 4 * _GB  # a window of 320x180 takes 3 GB on the CPU
_ENOUGH_DISK = _GB
_NVIDIA = Path("/proc/driver/nvidia/version")


def devices() -> Iterator[Finding]:
    """Examine the processor with its threads, and the GPUs that PyTorch sees."""
    facts = facts_of("torch")
    cores = _cores()
    yield Finding("ok", "CPU", f"{cores} for this process, PyTorch's threads: {facts['threads']}")
    quota = Limits.of_this_process().cores
    if quota is not None and quota < facts["threads"]:
        yield Finding(
            "note",
            "container",
            f"the time of {quota:g} cores at most: more threads wait for each other",
            f"Set OMP_NUM_THREADS={max(1, round(quota))}.",
        )
    driver = _NVIDIA.exists() or shutil.which("nvidia-smi") is not None
    if facts["cuda"] is None:
        if driver:
            yield Finding(
                "trouble",
                "GPU",
                "an NVIDIA driver is here, but PyTorch is built for CPUs alone",
                "Install PyTorch with CUDA: its website gives the pip line for this system.",
            )
        else:
            yield Finding("ok", "GPU", "none; PyTorch is built for CPUs alone")
    elif facts["devices"]:
        for number, device in enumerate(facts["devices"]):
            yield gpu(number, device, facts["built_for"])
    elif driver:
        reason = next(iter(facts["warnings"]), "PyTorch finds no device").partition("\n")[0]
        yield Finding(
            "trouble",
            "GPU",
            f"an NVIDIA driver is here, but: {reason}",
            f"Update the driver to one for CUDA {facts['cuda']}, or unset CUDA_VISIBLE_DEVICES.",
        )
    else:
        yield Finding("ok", "GPU", f"none; PyTorch is built for CUDA {facts['cuda']}")


def gpu(number: int, device: dict[str, str | int], built_for: list[str]) -> Finding:
    """Examine one GPU in the facts of `native.torch_facts`."""
    subject = f"cuda:{number}"
    if "error" in device:
        return Finding(
            "trouble", subject, str(device["error"]), "See `nvidia-smi`: another process may hold it."
        )
    text = (
        f"{device['name']}, {int(device['free']) / _GB:.1f} of {int(device['total']) / _GB:.1f} GB free, "
        f"{device['capability']}"
    )
    if built_for and not _runs(str(device["capability"]), built_for):
        return Finding(
            "trouble",
            subject,
            f"{text}; PyTorch is built for {', '.join(built_for)}",
            "Install a build of PyTorch for this GPU, or use --device cpu.",
        )
    return Finding("ok", subject, text)


def _runs(capability: str, built_for: list[str]) -> bool:
    """Return whether a GPU of this capability can run PyTorch's code.

    Code for sm_80 also runs on sm_86, which has the same major number. Code for compute_90 is compiled for
    any newer GPU.
    """
    device_number = int(capability.removeprefix("sm_"))
    for name in built_for:
        match = re.match(r"(sm|compute|gfx)_?(\d+)", name)
        if match is None or match[1] == "gfx":
            return True  # names of another kind, for example AMD's, cannot be compared
        number = int(match[2])
        if number <= device_number and (match[1] == "compute" or number // 10 == device_number // 10):
            return True
    return False


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> Iterator[Finding]:
    """Examine the machine's memory, and the limits of this process and its container."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield amount("memory", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "in all")
    limit = Limits.of_this_process().memory
    if limit is not None:
        yield amount("container", limit, "of memory at most; beyond it processes are killed")
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, what in (("RLIMIT_AS", "of address space"), ("RLIMIT_DATA", "of data")):
        soft = resource.getrlimit(getattr(resource, name))[0]
        if soft != resource.RLIM_INFINITY:
            yield amount(name, soft, f"{what} at most (ulimit)")
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if soft != resource.RLIM_INFINITY:
        yield Finding(
            "note",
            "RLIMIT_FSIZE",
            f"files of {soft / _GB:.1f} GB at most",
            "Run `ulimit -f unlimited` before a long restoration.",
        )


def amount(subject: str, size: int, what: str) -> Finding:
    """Examine whether this number of bytes of memory is enough for small frames."""
    text = f"{size / _GB:.1f} GB {what}"
    if size >= _ENOUGH_MEMORY:
        return Finding("ok", subject, text)
    advice = "Raise the limit, or restore with `--memory 1GB --window 4 --margin 4`."
    return Finding("trouble", subject, f"{text}; 320x180 takes 3 GB as it comes", advice)


def disk() -> Iterator[Finding]:
    """Examine whether the cache folder and the temporary folder can be written, and their free space."""
    advice = f"Set {CACHE_VARIABLE} to a folder that can be written and has room."
    yield folder("cache", cache_folder(), advice)
    advice = "Set TMPDIR to a folder that can be written and has room."
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        yield Finding("trouble", "temporary files", f"there is no folder for them: {error.strerror}", advice)
    else:
        yield folder("temporary files", temporary, advice)


def folder(subject: str, path: Path, advice: str) -> Finding:
    """Examine whether a folder, or its nearest existing parent, can be written and has free space."""
    try:
        existing = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"0")
    except OSError as error:
        return Finding("trouble", subject, f"{path} cannot be written: {error.strerror}", advice)
    free = shutil.disk_usage(existing).free
    text = f"{path}, {free / _GB:.1f} GB free"
    return Finding("ok", subject, text) if free >= _ENOUGH_DISK else Finding("trouble", subject, text, advice)


def environment() -> Iterator[Finding]:
    """Examine the variables that limit PyTorch's threads on the CPU or hide GPUs."""
    cores, has_note = _cores(), False
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value) != cores:
            has_note = True
            yield Finding(
                "note",
                name,
                f"{value}, and {cores} cores: slower on a CPU",
                f"Unset {name}, unless several processes share the machine.",
            )
    if os.environ.get("OMP_WAIT_POLICY", "PASSIVE").upper() == "ACTIVE":
        has_note = True
        yield Finding(
            "note",
            "OMP_WAIT_POLICY",
            "ACTIVE: waiting threads take the cores from decoding",
            "Unset OMP_WAIT_POLICY.",
        )
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        has_note = True
        yield Finding(
            "note",
            "CUDA_VISIBLE_DEVICES",
            f"{os.environ['CUDA_VISIBLE_DEVICES']!r}: others are hidden",
            "Unset it to use all GPUs.",
        )
    if not has_note:
        yield Finding("ok", "environment", "no variable slows this program down")
