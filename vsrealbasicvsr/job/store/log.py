"""The job's log file: warnings and progress of every process that takes part."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger("vsrealbasicvsr")


class _QuietHandler(logging.FileHandler):
    """A handler that ignores write errors.

    A full disk or a removed folder must neither stop the work nor hide the error that matters.
    """

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
    """Write the messages of the program's logger to this file, too, inside the block."""
    handler = _QuietHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
