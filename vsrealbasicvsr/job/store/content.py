"""What is in a segment's file, or in its folder of frames: for the record, and to find damage later."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.video.write.pieces import inspect_piece


@dataclass(frozen=True, slots=True)
class Content:
    """What a segment holds.

    Attributes:
        frames: How many.
        bytes: Of its file, or of its frames in all.
        sha256: Of its file, or of its frames one after the other.
        lag: Packets by which the encoder's order runs ahead of the display's.
        parameters: What tells the encoder's streams apart that cannot be joined.
    """

    frames: int
    bytes: int
    sha256: str
    lag: int = 0
    parameters: str = ""


def content_of(path: Path) -> Content:
    """Read a finished segment once.

    Raises:
        VideoError: it is unreadable or damaged.
    """
    if path.is_dir():
        files = files_of(path)
        return Content(len(files), size_of(files), digest_of(files))
    found = inspect_piece(path)
    return Content(found.pictures, size_of([path]), found.sha256, found.lag, found.parameters)


def files_of(path: Path) -> list[Path]:
    """The file, or those of the folder in order."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def size_of(files: Sequence[Path]) -> int:
    """Bytes of all."""
    return sum(file.stat().st_size for file in files)


def digest_of(files: Sequence[Path]) -> str:
    """SHA-256 of files one after the other."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
