"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vsrealbasicvsr.errors import JobError


@contextmanager
def replaced(path: Path, *, synced: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`; what is written there gets the name `path` when the block ends.

    Until then, and after an error, an older file at `path` stays as it is. The temporary file is removed
    after an error. Two processes that write the same file do not disturb each other.

    Args:
        path: The final name; its folder exists.
        synced: Wait until the content is on the disk before it gets its name.

    Raises:
        OSError: the file cannot be written.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        if synced:
            sync(partial)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its folder is made if it is missing.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all. Devices and links are written to directly.

    Raises:
        JobError: it cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout is a link
            path.write_text(text, encoding="utf-8")
        else:
            write_whole(path, text.encode())
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}.") from error


def partial_path(path: Path) -> Path:
    """The name of a long-lived output while it grows: NAME.partial.EXT, which the user may keep."""
    return path.with_suffix(f".partial{path.suffix}")


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; Windows does the latter by itself."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
