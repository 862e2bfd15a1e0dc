"""Restorers that fail at one segment, for the tests of crews; worker processes import them by name."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import cast

from torch import Tensor

from vsrealbasicvsr.engine import Restorer, open_restorer
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.settings import Settings

BAD = 16
"""First frame of the segment that fails."""
MARK = "TEST_MARK"
"""The environment variable with the name of a file that is made when a worker dies."""


class Troubled:
    """A restorer that calls something before it begins with the bad segment."""

    def __init__(self, settings: Settings, trouble: Callable[[], None]) -> None:
        self._restorer, self._trouble = open_restorer(settings), trouble

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: Callable[..., None] | None = None,
        first: int = 0,
        core_start: int | None = None,
    ) -> Iterator[Tensor]:
        """As `Restorer.stream`."""
        if core_start == BAD:
            self._trouble()
        yield from self._restorer.stream(
            frames, cuts, on_cleaned=on_cleaned, first=first, core_start=core_start
        )


def open_failing(settings: Settings) -> Restorer:
    """Fails at the bad segment, always."""
    return cast(Restorer, Troubled(settings, _fail))


def open_dying(settings: Settings) -> Restorer:
    """Dies at the bad segment, once."""
    return cast(Restorer, Troubled(settings, _die_once))


def open_deadly(settings: Settings) -> Restorer:
    """Dies at the bad segment, always."""
    return cast(Restorer, Troubled(settings, _die))


def _fail() -> None:
    raise RestorationError("the picture is poison")


def _die_once() -> None:
    try:
        Path(os.environ[MARK]).touch(exist_ok=False)
    except FileExistsError:
        return
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
