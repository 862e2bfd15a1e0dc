"""The settings `device` and `precision`: where the network runs, and in which arithmetic."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

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


def true_fp32() -> AbstractContextManager[None]:
    """Convolutions on GPUs in fp32 as it is called, and not in TF32, while anybody in the process holds this.

    Others' convolutions meanwhile are in fp32, too: slower, never less exact. Afterwards the switch is as it
    was, unless somebody else has set it in between.
    """
    return _switch().off()


@functools.cache
def _switch() -> _Switch:
    # One for the process, as what it switches.
    return _Switch()


class _Switch:
    """Counts who wants it off: steps of several devices overlap, and the first to end must not turn it on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._found: str | bool = False

    @contextmanager
    def off(self) -> Iterator[None]:
        with self._lock:
            if not self._holders:
                self._found = _read()
                _write(_OFF)
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if not self._holders and _read() == _OFF:
                    _write(self._found)


# PyTorch 2.9 split the switch; to read the old one after somebody used the new one is an error.
_SPLIT: object | None = getattr(torch.backends.cudnn, "conv", None)
_PLACE = (_SPLIT, "fp32_precision") if _SPLIT else (torch.backends.cudnn, "allow_tf32")
_OFF: str | bool = "ieee" if _SPLIT else False


def _read() -> str | bool:
    found: str | bool = getattr(*_PLACE)
    return found


def _write(value: str | bool) -> None:
    setattr(*_PLACE, value)
