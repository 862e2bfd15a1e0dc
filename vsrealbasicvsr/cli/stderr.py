"""stderr for progress and warnings: a reader that has gone must not end hours of work."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any


class Stderr:
    """The stderr of the moment, without its errors."""

    def write(self, text: str) -> int:
        """Write, or drop what nobody reads."""
        with suppress(OSError):
            if sys.stderr is not None:  # as it is where it was closed before Python began
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or drop what nobody reads."""
        with suppress(OSError):
            if sys.stderr is not None:
                sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def say(text: str) -> None:
    """A line on stderr."""
    stream = Stderr()
    stream.write(f"{text}\n")
    stream.flush()
