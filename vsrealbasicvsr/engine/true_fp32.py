"""cuDNN's switch between fp32 and TF32, which belongs to the whole process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch


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
