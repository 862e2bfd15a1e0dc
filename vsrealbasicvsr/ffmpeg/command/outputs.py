"""The outputs of a command: looked at before the work, and named when all has gone well."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine
from vsrealbasicvsr.ffmpeg.command.target import Target, target_of

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
