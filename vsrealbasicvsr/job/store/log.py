"""The job's log file: warnings and the course of the work, by every process that takes part."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger("vsrealbasicvsr")


class _Quiet(logging.FileHandler):
    """A full disk or a folder that has gone loses lines, not the work, nor the word of what is wrong."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 # logging's name
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


@contextmanager
def write_log(path: Path) -> Iterator[None]:
    """Write what the program's logger gets to this file meanwhile, too."""
    handler = _Quiet(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
