"""The content of a segment's file or folder of frames: for the record, and to detect damage later."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.video.write.pieces import inspect_piece


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a segment.

    Attributes:
        frames: Number of frames.
        bytes: Size of its file, or of all its frames.
        sha256: SHA-256 of its file, or of its frames one after the other.
        lag: Number of frames by which decoding is ahead of display; 0 for frames.
        parameters: SHA-256 of the encoder's parameters; only segments with the same one can be joined. Empty
            for frames.
    """

    frames: int
    bytes: int
    sha256: str
    lag: int = 0
    parameters: str = ""


def content_of(path: Path) -> Content:
    """Read a finished segment once.

    Raises:
        VideoError: the segment is unreadable or damaged.
    """
    if path.is_dir():
        files = files_of(path)
        return Content(len(files), size_of(files), digest_of(files))
    piece = inspect_piece(path)
    return Content(piece.pictures, size_of([path]), piece.sha256, piece.lag, piece.parameters)


def files_of(path: Path) -> list[Path]:
    """Return the file, or the files of the folder in order."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def size_of(files: Sequence[Path]) -> int:
    """Return the size of all files in bytes."""
    return sum(file.stat().st_size for file in files)


def digest_of(files: Sequence[Path]) -> str:
    """Return the SHA-256 of the files one after the other."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
