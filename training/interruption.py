"""Ctrl-C and SIGTERM ask the loop to save and stop at the end of the iteration."""

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
    """Which signal asked for the end; 0 while none did."""

    signal: int = 0


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Collect SIGINT and SIGTERM meanwhile; a second one of them ends the work at once."""
    asked = Interruption()

    def ask(number: int, _: FrameType | None) -> None:
        if asked.signal:
            raise KeyboardInterrupt
        asked.signal = number
        log.info("finishing this iteration or validation; what is done is saved. Once more stops at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
