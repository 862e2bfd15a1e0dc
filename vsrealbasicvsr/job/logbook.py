"""The job's log file: warnings and the course of the work, by every process that takes part."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger("vsrealbasicvsr")


@contextmanager
def write_log(path: Path) -> Iterator[None]:
    """Write what the program's logger gets to this file meanwhile, too."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
