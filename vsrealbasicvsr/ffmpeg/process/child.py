"""Child processes that run ffmpeg, each in its own session, so that Ctrl-C reaches only our process."""

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

_STOP_TIMEOUT_SECONDS = 10.0
"""Time for an ffmpeg to finish its files after the request to stop."""
_INTERRUPT_TIMEOUT_SECONDS = 60.0
"""The same after Ctrl-C, when the frames written so far are kept; a second Ctrl-C ends the wait."""
_END_TIMEOUT_SECONDS = 2.0
"""Time for it to end by itself at the end of its input; copying sound may take longer."""
_LAST_BYTES = 8192
"""Bytes of its messages that are kept."""
_INTERRUPT = signal.SIGINT if sys.platform != "win32" else signal.SIGTERM


class Child:
    """A running ffmpeg that reads from us or writes to us; leaving its `with` block ends it.

    Args:
        words: The command.
        hear: Called in another thread with each line of its stderr; we read its stdout. With None we write
            to its stdin, and its stderr is passed on as it comes.
    """

    def __init__(self, words: list[str], hear: Callable[[Line], None] | None = None) -> None:
        self._hear = hear
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if hear else subprocess.PIPE,
            stdout=subprocess.PIPE if hear else None,
            stderr=subprocess.PIPE,
            start_new_session=True,
            close_fds=False,  # keeps the user's own open, as for -progress pipe:3; ours are not inherited
            env=plain_words() if hear else None,
        )
        self.last_words = b""
        """The end of the messages that were passed on."""
        self._listener = threading.Thread(target=self._listen, name="ffmpeg's words", daemon=True)
        self._listener.start()

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe from which we read its output."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe to which we write its input."""
        assert self._process.stdin is not None
        return self._process.stdin

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self._process.wait()
        self._listener.join()
        return exit_code(code)

    def stop(self) -> None:
        """Make it end. A process that reads from us can finish its files; one that writes to us is killed."""
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
                )  # without a flush, which may wait forever
                self._wait(_END_TIMEOUT_SECONDS)  # the end of its input is the best way to end
            self.stop()
            is_interrupt = kind is not None and issubclass(kind, KeyboardInterrupt)
            self._wait(_INTERRUPT_TIMEOUT_SECONDS if is_interrupt else _STOP_TIMEOUT_SECONDS)
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
        while chunk := stderr.read1():
            self.last_words = (self.last_words + chunk)[-_LAST_BYTES:]
            with suppress(OSError):  # the reader of our stderr has gone
                sys.stderr.write(chunk.decode("utf-8", "replace"))
                sys.stderr.flush()


def _close(pipe: IO[bytes] | RawIOBase | None) -> None:
    with suppress(OSError):  # nobody needs the rest any more
        if pipe is not None:
            pipe.close()
