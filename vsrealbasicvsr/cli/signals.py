"""Ctrl-C, SIGTERM and SIGHUP: all end the work in the same way, and never in the middle of an import."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT

_ENDING = tuple(
    number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""Windows has no SIGHUP: there a closed terminal ends the process."""


class Terminated(KeyboardInterrupt):
    """A signal ends the work as Ctrl-C does.

    Attributes:
        exit_code: 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM and SIGHUP meanwhile; SIGHUP stays ignored where `nohup` ignores it."""
    before = {
        number: signal.signal(number, _raise)
        for number in _ENDING
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals wait: an import that is interrupted half-way fails later, in some other words."""
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: waiting.append(number))
        for number in (signal.SIGINT, *_ENDING)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if waiting:
        raise KeyboardInterrupt if waiting[0] == signal.SIGINT else Terminated(waiting[0])


def _raise(number: int, _: FrameType | None) -> None:
    raise Terminated(number)
