"""The outputs of a command: check them before the work, and give them their names after it."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, File, Option
from vsrealbasicvsr.files import partial_path, sync

# Formats that write several files, or choose the names of their files themselves.
_MANY_FILES = frozenset(
    ("dash", "hls", "image2", "segment", "smoothstreaming", "ssegment", "stream_segment", "tee", "webm_chunk")
)
_MANY_FILES_SUFFIXES = frozenset((".m3u8", ".mpd", ".ism"))


@dataclass(frozen=True, slots=True)
class Target:
    """An output of the command.

    Attributes:
        path: The output file; None for pipes and network addresses.
        is_single: True if it is one ordinary file, which can be renamed when it is complete.
    """

    path: Path | None
    is_single: bool

    @property
    def partial(self) -> Path:
        """The name of a single file until it is complete."""
        assert self.path is not None
        return partial_path(self.path)

    def publish(self) -> None:
        """Give the complete file its final name."""
        assert self.path is not None
        sync(self.partial)
        self.partial.replace(self.path)


def target_of(file: File) -> Target:
    """Return the target of an output."""
    url = file.url.removeprefix("file:")
    if url == "-" or (url == file.url and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url)):
        return Target(None, is_single=False)
    kind = file.last("f")
    if kind == "tee":
        return Target(None, is_single=False)
    path = Path(url)
    if path.is_symlink():  # the link stays; the file behind it is written
        path = path.resolve()
    many = kind in _MANY_FILES or path.suffix.lower() in _MANY_FILES_SUFFIXES or "%" in path.name
    nothing = kind == "null" or (path.exists() and not path.is_file())
    return Target(path, is_single=not many and not nothing)


def renamed(file: File, target: Target) -> File:
    """Return the output with the name that it has until it is complete."""
    if not target.is_single:
        return file
    return replace(file, url=f"file:{target.partial}")


def rehearsed(file: File, folder: Path, number: int) -> File:
    """Return the output as the rehearsal writes it: in a folder of its own.

    A `tee` names several files in its own text, so it is rehearsed as `null`.
    """
    name = Path(file.url.removeprefix("file:")).name if target_of(file).path else ""
    place = folder / str(number)
    place.mkdir()
    if file.last("f") == "tee":
        file = replace(file, options=(*file.without("f").options, Option("f", "null")))
    return replace(file, url=f"file:{place / (name or 'output')}")


log = logging.getLogger("vsrealbasicvsr")


@dataclass(slots=True)
class Outcome:
    """The result of a run."""

    written: int = 0
    """Number of frames written."""
    code: int = 0
    """The exit code of our own process."""
    failure: str = ""
    """The error, as the beginning of a sentence; empty without an error."""


def check_outputs(command: CommandLine) -> None:
    """Check that the outputs can be written, so that an error does not come after hours of work.

    Raises:
        JobError: there is no output, or an output exists and may not be replaced, or cannot be written.
    """
    if not command.outputs:
        raise JobError("the command names no output file.")
    sources = [Path(file.url.removeprefix("file:")) for file in command.inputs]
    seen: set[Path] = set()
    for file in command.outputs:
        target = target_of(file)
        if target.path is None or (target.path.exists() and not (target.is_single or target.path.is_dir())):
            continue
        if target.path.is_dir():
            raise JobError(f"{target.path} is a folder: name a file.")
        if target.is_single and any(_overwrites(source, target) for source in sources):
            raise JobError(f"{target.path} would replace a source of the command: choose another name.")
        if target.path in seen:
            raise JobError(f"{target.path} is the name of two outputs: choose another for one of them.")
        seen.add(target.path)
        folder = target.path.parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise JobError(f"{target.path} cannot be written: there is no folder {folder} to write to.")
        if target.is_single and target.path.exists() and not command.has("y"):
            asks = sys.stdin.isatty() and not command.has("n") and not command.has("nostdin")
            if not (asks and click.confirm(f"{target.path} exists. Replace it?", err=True)):
                raise JobError(f"{target.path} exists: add -y to replace it.")


def _overwrites(source: Path, target: Target) -> bool:
    """Return whether the output or its partial file would overwrite a source."""
    assert target.path is not None
    return source.exists() and any(
        path.exists() and path.samefile(source) for path in (target.path, target.partial)
    )


class Outputs:
    """The single output files of a command; they get their final names after a successful run."""

    def __init__(self, command: CommandLine) -> None:
        self._targets = [target for file in command.outputs if (target := target_of(file)).is_single]

    def publish(self, run: Callable[[], None], outcome: Outcome) -> int:
        """Run the work, and name the files or log the error; return the exit code.

        Args:
            run: Does the work and writes its result into `outcome`.
            outcome: The result of the run.
        """
        try:
            run()
        except BaseException as error:
            partial_files = self._remaining_files(outcome.written)
            if isinstance(error, KeyboardInterrupt):
                place = f"; they are in {partial_files}" if partial_files else ""
                log.warning("stopped after %d frames%s", outcome.written, place)
            raise
        if outcome.failure:
            partial_files = self._remaining_files(outcome.written)
            place = f"; what there is of them is in {partial_files}" if partial_files else ""
            log.error("%s after %d frames%s.", outcome.failure, outcome.written, place)
            return outcome.code
        for target in self._targets:
            target.publish()
        return 0

    def _remaining_files(self, written: int) -> str:
        """Return the names of partial files with content; delete empty partial files."""
        names = []
        for target in self._targets:
            if written and target.partial.exists() and target.partial.stat().st_size:
                names.append(str(target.partial))
            else:
                target.partial.unlink(missing_ok=True)
        return ", ".join(names)
