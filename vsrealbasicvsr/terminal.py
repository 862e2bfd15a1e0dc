"""Basics of every command line: signals, lines on stderr, errors as exit codes, and the browser."""

from __future__ import annotations

import logging
import os
import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

import click
from tqdm import tqdm

from vsrealbasicvsr.errors import RestorationError

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C."""

_ENDING = tuple(
    number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""Signals that end the work. Windows has no SIGHUP; there, a closed terminal ends the process."""


class Terminated(KeyboardInterrupt):
    """A signal ends the work like Ctrl-C.

    Attributes:
        exit_code: 128 plus the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM and SIGHUP inside the block; signals ignored by `nohup` stay ignored."""
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
    """Delay signals until the block ends.

    It is for imports: an interrupted import causes unclear errors later.
    """
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


class Stderr:
    """The current `sys.stderr`, but without its errors: a closed pipe must not end hours of work."""

    def write(self, text: str) -> int:
        """Write; drop the text if nobody reads it."""
        with suppress(OSError):
            if sys.stderr is not None:  # None if it was closed before Python started
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush; ignore it if nobody reads."""
        with suppress(OSError):
            if sys.stderr is not None:
                sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def say(text: str) -> None:
    """Write a line to stderr."""
    stream = Stderr()
    stream.write(f"{text}\n")
    stream.flush()


def open_page(path: Path) -> None:
    """Open a page in the browser if there are a terminal and a screen; failures are ignored."""
    if sys.stderr is None or not sys.stderr.isatty() or not _has_screen():
        return
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(path.absolute().as_uri())


class Program(click.Group):
    """A group of commands that handles errors and signals.

    A `RestorationError` becomes one line on stderr and exit code 1. A signal becomes an exit code.

    Args:
        logger: Name of the logger whose records become lines on stderr; each line begins with this name.
        level: Lowest level of the records that are shown.
    """

    def __init__(self, *args: Any, logger: str, level: int = logging.WARNING, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._logger = logging.getLogger(logger)
        self._level = level

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; handle its log records, signals and errors."""
        lines = _Lines(self._level)
        self._logger.addHandler(lines)
        if self._logger.getEffectiveLevel() > self._level:
            self._logger.setLevel(self._level)
        try:
            with signals_interrupt():
                return super().invoke(ctx)
        except RestorationError as error:
            raise _Failure(f"{self._logger.name}: {error}") from error
        except Terminated as signalled:
            ctx.exit(signalled.exit_code)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        finally:
            self._logger.removeHandler(lines)


class _Failure(click.ClickException):
    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        say(self.format_message())


class _Lines(logging.Handler):
    """Writes log records as lines on stderr, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(f"{record.name.partition('.')[0]}: {record.getMessage()}", file=Stderr())


def _raise(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


def _has_screen() -> bool:
    # Without a screen, a text browser could start in this terminal.
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
