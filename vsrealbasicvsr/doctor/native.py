"""Facts about compiled packages, printed by a separate process because a package may crash it.

`python -m vsrealbasicvsr.doctor.native torch|av|vapoursynth` prints a JSON object. A library that is
built for another processor or system can end the process, and `except` cannot catch that.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any


def torch_facts() -> dict[str, Any]:
    """Return PyTorch's `version`, `threads`, `cuda`, `built_for`, `devices` and `warnings`.

    `cuda` is the CUDA or HIP version that PyTorch is built for, or None. Each device has `name`, `total` and
    `free` (bytes) and `capability` (such as sm_90), or only `error`.
    """
    import torch

    facts: dict[str, Any] = {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "cuda": torch.version.cuda or getattr(torch.version, "hip", None),
        "devices": [],
    }
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        facts["built_for"] = torch.cuda.get_arch_list() if torch.cuda.is_available() else []
        for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
            facts["devices"].append(_device(torch, number))
    facts["warnings"] = [str(record.message) for record in records]
    return facts


def _device(torch: Any, number: int) -> dict[str, Any]:
    try:
        free, total = torch.cuda.mem_get_info(number)
        major, minor = torch.cuda.get_device_capability(number)
        name = torch.cuda.get_device_name(number)
    except RuntimeError as error:  # the device is broken, or another process uses it exclusively
        return {"error": str(error).partition("\n")[0]}
    return {"name": name, "free": free, "total": total, "capability": f"sm_{major}{minor}"}


def av_facts() -> dict[str, Any]:
    """Return PyAV's `version`, `ffmpeg` (empty if not stated) and `libraries` (versions by name)."""
    import av

    return {
        "version": av.__version__,
        "ffmpeg": str(getattr(av, "ffmpeg_version_info", "")),
        "libraries": {name: ".".join(map(str, version)) for name, version in av.library_versions.items()},
    }


def vapoursynth_facts() -> dict[str, Any]:
    """Return VapourSynth's `version` (its R number) and `plugins` (namespaces)."""
    import vapoursynth as vs

    return {
        "version": vs.core.core_version.release_major,
        "plugins": sorted(plugin.namespace for plugin in vs.core.plugins()),
    }


def main(name: str) -> None:
    """Print the facts of one package as JSON, on a separate line after any output of the package."""
    facts = {"torch": torch_facts, "av": av_facts, "vapoursynth": vapoursynth_facts}[name]()
    sys.stdout.write(f"\n{json.dumps(facts)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
