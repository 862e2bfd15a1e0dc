"""Where the network runs and in which arithmetic: the settings `device` and `precision` made real."""

from __future__ import annotations

import functools
import threading
from contextlib import AbstractContextManager

import torch

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Precision

_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def find_device(name: str) -> torch.device:
    """The device of that name: `auto`, `cpu`, `cuda`, `cuda:N` or an index N.

    Raises:
        SettingsError: the name means nothing or several devices, or the machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if "," in name:
        raise SettingsError(f"device {name!r} names several where one is needed; name one.")
    try:
        device = torch.device(f"cuda:{name}" if name.isdecimal() else name)
    except RuntimeError as error:
        raise SettingsError(f"device {name!r} is unknown; use auto, cpu, cuda or cuda:N.") from error
    if device.type == "cpu":
        return device
    if device.type != "cuda":
        raise SettingsError(f"device {name!r} is not supported; use auto, cpu, cuda or cuda:N.")
    if not 0 <= (device.index or 0) < torch.cuda.device_count():  # torch keeps eight bits of a number
        raise SettingsError(
            f"device {name!r} is not there: torch sees {torch.cuda.device_count()} CUDA devices; "
            "take auto or cpu, or see what `vsrealbasicvsr doctor` says."
        )
    return torch.device("cuda", device.index or 0)


def find_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The arithmetic of trunks and reconstruction; flow is float32 always."""
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    return _DTYPES[precision]


def sole_use(device: torch.device) -> AbstractContextManager[object]:
    """Wait until nobody else in this process who asks so uses the device, and keep it until the end."""
    return _lock(str(device))


@functools.cache
def _lock(device: str) -> threading.Lock:
    # The one state of a process: a device is shared by all in it.
    return threading.Lock()
