"""The network's parts as TensorRT engines, by the backend that torch-tensorrt gives `torch.compile`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr.errors import SettingsError


def check_tensorrt() -> None:
    """Load torch-tensorrt, which makes its backend known.

    Raises:
        SettingsError: it is not installed, or does not load.
    """
    try:
        importlib.import_module("torch_tensorrt")
    except (ImportError, OSError) as error:
        raise SettingsError(
            "acceleration 'tensorrt' needs torch-tensorrt: "
            'pip install "vsrealbasicvsr[tensorrt]", or use auto.'
        ) from error


def by_tensorrt(device: torch.device, kept: Path) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """What builds an engine of a part on its first call; what TensorRT cannot do stays PyTorch's.

    Args:
        device: where the parts run.
        kept: folder of the timings by which TensorRT chose its kernels. Engines are built anew by each
            process: torch-tensorrt finds kept ones by a graph's operators alone, and both trunks have the
            same.

    Raises:
        SettingsError: torch-tensorrt is not installed, or does not load.
    """
    check_tensorrt()
    options = {
        "device": device,
        "use_explicit_typing": True,  # the parts' own; the default of older versions has no half precision
        "disable_tf32": True,  # its ten bits would move the flow visibly
        "timing_cache_path": str(kept / "timings.bin"),
    }
    return partial(torch.compile, fullgraph=True, dynamic=False, backend="torch_tensorrt", options=options)
