"""The outputs of a command: looked at before the work, and named when all has gone well."""

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

# They write more than one file, or name their files by themselves.
_MANY_FILES = frozenset(
    ("dash", "hls", "image2", "segment", "smoothstreaming", "ssegment", "stream_segment", "tee", "webm_chunk")
)
_MANY_FILES_SUFFIXES = frozenset((".m3u8", ".mpd", ".ism"))


@dataclass(frozen=True, slots=True)
class Target:
    """An output of the command.

    Attributes:
        path: The file it names; None for pipes and network addresses.
        is_single: Whether it is one ordinary file, which can be renamed when it is whole.
    """

    path: Path | None
    is_single: bool

    @property
    def partial(self) -> Path:
        """What a single file is called until it is whole."""
        assert self.path is not None
        return partial_path(self.path)

    def publish(self) -> None:
        """Give the finished file its name."""
        assert self.path is not None
        sync(self.partial)
        self.partial.replace(self.path)


def target_of(file: File) -> Target:
    """What the output is."""
    url = file.url.removeprefix("file:")
    if url == "-" or (url == file.url and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url)):
        return Target(None, is_single=False)
    kind = file.last("f")
    if kind == "tee":
        return Target(None, is_single=False)
    path = Path(url)
    if path.is_symlink():  # the link stays, and what it names is written
        path = path.resolve()
    many = kind in _MANY_FILES or path.suffix.lower() in _MANY_FILES_SUFFIXES or "%" in path.name
    nothing = kind == "null" or (path.exists() and not path.is_file())
    return Target(path, is_single=not many and not nothing)


def renamed(file: File, target: Target) -> File:
    """The output under the name it has until it is whole."""
    if not target.is_single:
        return file
    return replace(file, url=f"file:{target.partial}")


def rehearsed(file: File, folder: Path, number: int) -> File:
    """The output as it is tried before the work: in a folder of its own.

    A `tee` names several files inside its own text, so that it is tried as a `null`.
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
    """How a run ended."""

    written: int = 0
    code: int = 0
    """What we exit with."""
    failure: str = ""
    """What went wrong, as the beginning of a sentence; nothing if all is well."""


def check_outputs(command: CommandLine) -> None:
    """Find out now, not after hours, that an output cannot be written.

    Raises:
        JobError: there is no output, or one exists and may not be replaced, or cannot be written.
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
        if target.is_single and any(_same(source, target) for source in sources):
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


def _same(source: Path, target: Target) -> bool:
    """Whether a source would be written over, by the output or by its unfinished form."""
    assert target.path is not None
    return source.exists() and any(
        path.exists() and path.samefile(source) for path in (target.path, target.partial)
    )


class Outputs:
    """The files of a command, which get their names when all has gone well."""

    def __init__(self, command: CommandLine) -> None:
        self._targets = [target for file in command.outputs if (target := target_of(file)).is_single]

    def publish(self, run: Callable[[], None], outcome: Outcome) -> int:
        """Run, name the files, and say what went wrong if something did; returns the exit code.

        Args:
            run: Does the work, and notes in `outcome` how it went.
            outcome: Its notes.
        """
        try:
            run()
        except BaseException as error:
            kept = self._kept(outcome.written)
            if isinstance(error, KeyboardInterrupt):
                place = f"; they are in {kept}" if kept else ""
                log.warning("stopped after %d frames%s", outcome.written, place)
            raise
        if outcome.failure:
            kept = self._kept(outcome.written)
            place = f"; what there is of them is in {kept}" if kept else ""
            log.error("%s after %d frames%s.", outcome.failure, outcome.written, place)
            return outcome.code
        for target in self._targets:
            target.publish()
        return 0

    def _kept(self, written: int) -> str:
        """The unfinished files that hold something; the others are removed."""
        kept = []
        for target in self._targets:
            if written and target.partial.exists() and target.partial.stat().st_size:
                kept.append(str(target.partial))
            else:
                target.partial.unlink(missing_ok=True)
        return ", ".join(kept)
