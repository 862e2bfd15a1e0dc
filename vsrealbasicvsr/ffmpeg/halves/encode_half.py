"""The ffmpeg process that encodes: start it, send frames to it, and check how it ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any, Self

import av
from av.video.frame import VideoFrame

from vsrealbasicvsr.ffmpeg.command.outputs import Outcome
from vsrealbasicvsr.ffmpeg.halves.wire import PictureWriter
from vsrealbasicvsr.ffmpeg.process.child import Child

_UNFINISHED = re.compile(rb"Error writing trailer|Error closing file")
"""Errors that FFmpeg 4 and 5 print although they exit with 0."""


class EncodeHalfEndedError(Exception):
    """The encode half reads no more frames: it has all that it needs, or it failed."""


class EncodeHalf:
    """One run of the encode half; leaving its `with` block ends it.

    Args:
        outcome: Gets the number of frames written, and the failure.
    """

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._children = ExitStack()
        self._child: Child | None = None
        self._writer: PictureWriter | None = None

    @property
    def is_started(self) -> bool:
        """True if it runs or has run."""
        return self._child is not None

    def start(self, words: list[str], open_writer: Callable[[IO[bytes]], PictureWriter]) -> None:
        """Start the process. The first frame must be known, because the command depends on it.

        Args:
            words: The command.
            open_writer: Makes the writer for its stdin.

        Raises:
            EncodeHalfEndedError: it has already ended.
        """
        self._child = self._children.enter_context(Child(words))
        try:
            self._writer = open_writer(self._child.stdin)
        except (OSError, av.FFmpegError) as error:
            raise EncodeHalfEndedError from error

    def write(self, picture: VideoFrame, pts: int) -> None:
        """Write a frame.

        Raises:
            EncodeHalfEndedError: it reads no more frames.
        """
        assert self._writer is not None
        try:
            self._writer.write(picture, pts)
        except (OSError, av.FFmpegError) as error:
            raise EncodeHalfEndedError from error
        self._outcome.written += 1

    def end(self) -> None:
        """Signal that no frame follows.

        Raises:
            EncodeHalfEndedError: it reads no more frames.
        """
        if self._writer is None or self._child is None:
            return
        try:
            self._writer.close()
            self._child.stdin.close()
        except (OSError, av.FFmpegError) as error:
            raise EncodeHalfEndedError from error

    def stop(self) -> None:
        """Make it end; it can finish the files that it has begun."""
        if self._child is not None:
            self._child.stop()

    def judge(self) -> None:
        """Wait for its end, and write a failure into the outcome."""
        if self._child is None:
            return
        code = self._child.wait()
        if code:
            self._outcome.code = code
            self._outcome.failure = f"the encoding ffmpeg stopped with exit code {code}"
        elif _UNFINISHED.search(self._child.last_words):
            self._outcome.code = 1
            self._outcome.failure = "the encoding ffmpeg could not finish its file, although it ended with 0,"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._children.__exit__(*exception)
