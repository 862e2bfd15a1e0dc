"""Handling of Ctrl-C and SIGTERM: the loop saves and stops at the end of the iteration."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger("training")


@dataclass(slots=True)
class Interruption:
    """The number of the signal that asked the loop to stop; 0 if there was none."""

    signal: int = 0


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Record SIGINT and SIGTERM inside the block. A second signal raises KeyboardInterrupt."""
    request = Interruption()

    def ask(number: int, _: FrameType | None) -> None:
        if request.signal:
            raise KeyboardInterrupt
        request.signal = number
        log.info("finishing this iteration or validation; what is done is saved. Once more stops at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
