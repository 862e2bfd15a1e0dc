"""What an output's URL stands for, and the names its file has meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from vsrealbasicvsr.ffmpeg.command.commandline import File, Option
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
