"""Running a VapourSynth script as vspipe does, to get its clip."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import vapoursynth as vs

from vsrealbasicvsr.errors import JobError


@contextlib.contextmanager
def open_script(
    path: Path, output: int = 0, arguments: Mapping[str, str] | None = None
) -> Iterator[vs.VideoNode]:
    """Run a script in its own folder, and yield the clip of its output.

    Text that the script prints goes to stderr. Leaving the block clears the outputs of the script.

    Args:
        path: The script.
        output: Number of the output, as in `clip.set_output(0)`.
        arguments: Names that are set in the script, as with `vspipe -a name=value`.

    Raises:
        JobError: the script cannot be read, fails, or has no such output of constant format and size.
    """
    try:
        program = compile(path.read_bytes(), str(path), "exec")
    except OSError as error:
        raise JobError(f"the script {path} cannot be read: {error.strerror}.") from error
    except (SyntaxError, ValueError) as error:
        raise JobError(f"the script {path} is no Python: {error}.") from error
    vs.clear_outputs()
    names = {**(arguments or {}), "__name__": "__vapoursynth__", "__file__": str(path.resolve())}
    try:
        with contextlib.redirect_stdout(sys.stderr):  # ffmpeg's output may go to our stdout
            with contextlib.chdir(path.resolve().parent):
                exec(program, names)
            yield _clip(path, output)
    except (KeyboardInterrupt, JobError):
        raise
    except (Exception, SystemExit) as error:
        line = _line(error, str(path))
        if line is None:
            raise
        raise JobError(f"{path}, line {line}: {error or type(error).__name__}") from error
    finally:
        vs.clear_outputs()
        names.clear()


def _clip(path: Path, number: int) -> vs.VideoNode:
    outputs = vs.get_outputs()
    if number not in outputs:
        there = (
            f"it has {', '.join(map(str, outputs))}" if outputs else "it has none: end it with set_output()"
        )
        raise JobError(f"the script {path} has no output {number}; {there}.")
    clip = getattr(outputs[number], "clip", None)
    if clip is None:
        raise JobError(
            f"output {number} of the script {path} is sound; give the number of one with pictures."
        )
    if not (clip.format and clip.width and clip.height):
        raise JobError(
            f"the clip of {path} changes its format or size: make it constant, with "
            "resize.Spline36(width=..., height=..., format=vs.YUV420P10) for example."
        )
    return clip


def _line(error: BaseException, script: str) -> int | None:
    """Return the last line of the script that led to the error, or None if it comes from elsewhere."""
    frames = traceback.extract_tb(error.__traceback__ or sys.exc_info()[2])
    return next((frame.lineno for frame in reversed(frames) if frame.filename == script), None)
