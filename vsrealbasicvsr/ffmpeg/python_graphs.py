"""Graphs built in Python, with ffmpeg-python or typed-ffmpeg: their arguments through the same bridge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vsrealbasicvsr.errors import CommandFailedError
from vsrealbasicvsr.ffmpeg.bridge import run_command


def compile(stream: Any, *, overwrite_output: bool = False) -> list[str]:
    """The command that `run` stands for: `vsrealbasicvsr ffmpeg ...`.

    Args:
        stream: What `ffmpeg.output(...)` of ffmpeg-python or typed-ffmpeg returns.
        overwrite_output: Replace files that exist.

    Raises:
        TypeError: the stream is nothing of the kind.
    """
    return ["vsrealbasicvsr", "ffmpeg", *_arguments(stream, overwrite_output)]


def run(stream: Any, *, overwrite_output: bool = False, ffmpeg: str | None = None) -> None:
    """Run a graph that has `.filter("realbasicvsr", ...)` in it.

    Args:
        stream: What `ffmpeg.output(...)` of ffmpeg-python or typed-ffmpeg returns.
        overwrite_output: Replace files that exist.
        ffmpeg: Name or path of the program; None takes `ffmpeg` on the PATH.

    Raises:
        TypeError: the stream is nothing of the kind.
        CommandFailedError: ffmpeg failed; its words are on stderr.
        RestorationError: what is wrong with the command, before the work has begun.
    """
    code = run_command(_arguments(stream, overwrite_output), ffmpeg=ffmpeg)
    if code:
        raise CommandFailedError(code)


def _arguments(stream: Any, overwrite_output: bool) -> list[str]:
    own: Callable[..., list[str]] | None = getattr(stream, "get_args", None)
    if callable(own):  # ffmpeg-python
        return own(overwrite_output=overwrite_output)
    own = getattr(stream, "compile", None)
    if callable(own):  # typed-ffmpeg
        return [*(["-y"] if overwrite_output else []), *own()[1:]]
    raise TypeError(f"stream must be an output of ffmpeg-python or typed-ffmpeg, not {stream!r}.")
