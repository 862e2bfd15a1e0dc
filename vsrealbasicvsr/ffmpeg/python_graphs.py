"""Running graphs of ffmpeg-python or typed-ffmpeg through the bridge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vsrealbasicvsr.errors import CommandFailedError
from vsrealbasicvsr.ffmpeg.bridge import run_command


def compile(stream: Any, *, overwrite_output: bool = False) -> list[str]:
    """Return the command that does the same as `run`: `vsrealbasicvsr ffmpeg ...`.

    Args:
        stream: The result of `ffmpeg.output(...)` in ffmpeg-python or typed-ffmpeg.
        overwrite_output: True to replace files that exist.

    Raises:
        TypeError: the stream is not such a result.
    """
    return ["vsrealbasicvsr", "ffmpeg", *_arguments(stream, overwrite_output)]


def run(stream: Any, *, overwrite_output: bool = False, ffmpeg: str | None = None) -> None:
    """Run a graph that contains `.filter("realbasicvsr", ...)`.

    Args:
        stream: The result of `ffmpeg.output(...)` in ffmpeg-python or typed-ffmpeg.
        overwrite_output: True to replace files that exist.
        ffmpeg: Name or path of the program; None takes `ffmpeg` on the PATH.

    Raises:
        TypeError: the stream is not such a result.
        CommandFailedError: ffmpeg failed; its messages are on stderr.
        RestorationError: the command is wrong; raised before the work begins.
    """
    code = run_command(_arguments(stream, overwrite_output), ffmpeg=ffmpeg)
    if code:
        raise CommandFailedError(code)


def _arguments(stream: Any, overwrite_output: bool) -> list[str]:
    method: Callable[..., list[str]] | None = getattr(stream, "get_args", None)
    if callable(method):  # ffmpeg-python
        return method(overwrite_output=overwrite_output)
    method = getattr(stream, "compile", None)
    if callable(method):  # typed-ffmpeg
        return [*(["-y"] if overwrite_output else []), *method()[1:]]
    raise TypeError(f"stream must be an output of ffmpeg-python or typed-ffmpeg, not {stream!r}.")
