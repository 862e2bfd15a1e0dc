"""The ffmpegs that we start: in a session of their own, so that Ctrl-C reaches us alone."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader, BufferedWriter, RawIOBase
from typing import IO, Self, cast

from vsrealbasicvsr.ffmpeg.process.log import Line, plain_words, read_line
from vsrealbasicvsr.ffmpeg.process.program import exit_code

_GRACE = 10.0
"""Seconds that an ffmpeg gets to finish its files after it was told to stop."""
_LONG_GRACE = 60.0
"""The same after Ctrl-C, when what was done shall be kept; a second one ends it."""
_HINT = 2.0
"""Seconds that it gets to end by itself when there is nothing more to read; copying sound may take longer."""
_REMEMBERED = 8192
_INTERRUPT = signal.SIGINT if sys.platform != "win32" else signal.SIGTERM


class Child:
    """A running ffmpeg that reads from us or writes to us; leaving its `with` block ends it.

    Args:
        words: The command.
        hear: Gets each line of its stderr, from another thread, and its stdout is read by us. With None we
            write its stdin, and its stderr is passed on as it comes.
    """

    def __init__(self, words: list[str], hear: Callable[[Line], None] | None = None) -> None:
        self._hear = hear
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if hear else subprocess.PIPE,
            stdout=subprocess.PIPE if hear else None,
            stderr=subprocess.PIPE,
            start_new_session=True,
            close_fds=False,  # a user's own, as in -progress pipe:3; ours are not inherited
            env=plain_words() if hear else None,
        )
        self.last_words = b""
        """The end of what it passed on."""
        self._listener = threading.Thread(target=self._listen, name="ffmpeg's words", daemon=True)
        self._listener.start()

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None
        return self._process.stdin

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        code = self._process.wait()
        self._listener.join()
        return exit_code(code)

    def stop(self) -> None:
        """Tell it to end. One that reads from us finishes its files as far as they are."""
        if self._process.poll() is not None:
            return
        if self._process.stdout is not None:
            self._process.kill()
        else:
            self._process.send_signal(_INTERRUPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._process.stdin is not None:
                _close(
                    cast(RawIOBase, cast(BufferedWriter, self._process.stdin).raw)
                )  # without a flush, which may wait for ever
                self._wait(_HINT)  # the best end is that of its input
            self.stop()
            self._wait(_LONG_GRACE if kind and issubclass(kind, KeyboardInterrupt) else _GRACE)
        finally:  # a second Ctrl-C ends the wait
            self._process.kill()
            self._process.wait()
        self._listener.join()
        _close(self._process.stdout)
        _close(self._process.stderr)

    def _wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _listen(self) -> None:
        stderr = self._process.stderr
        assert isinstance(stderr, BufferedReader)
        if self._hear:
            for raw in stderr:
                self._hear(read_line(raw))
            return
        while some := stderr.read1():
            self.last_words = (self.last_words + some)[-_REMEMBERED:]
            with suppress(OSError):  # nobody listens any more
                sys.stderr.write(some.decode("utf-8", "replace"))
                sys.stderr.flush()


def _close(pipe: IO[bytes] | RawIOBase | None) -> None:
    with suppress(OSError):  # what could not be written is not wanted any more
        if pipe is not None:
            pipe.close()
