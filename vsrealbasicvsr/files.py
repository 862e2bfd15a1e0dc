"""Writing of files that appear only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vsrealbasicvsr.errors import JobError


@contextmanager
def replaced(path: Path, *, synced: bool = False, contested: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends, what was written there gets the name `path`.

    Until then, and after an error, an older file at `path` stays as it is. The temporary file is removed
    after an error. After a kill it stays, hidden, until the same file is written again.

    Args:
        path: The final name; its folder exists.
        synced: Wait until the content is on the disk before it gets its name.
        contested: Several processes may write this file at the same time; each gets a temporary name of its
            own.

    Raises:
        OSError: the file cannot be written.
    """
    owner = f".{os.getpid()}" if contested else ""
    partial = path.with_name(f".{path.stem}{owner}.partial{path.suffix}")
    try:
        yield partial
        if synced:
            sync(partial)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def write_whole(path: Path, content: bytes, *, contested: bool = False) -> None:
    """Write a file that appears only when it is complete; a missing folder is created.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path, contested=contested) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8 that appears only when it is complete; write to devices and links directly.

    Raises:
        JobError: the file cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout is a link
            path.write_text(text, encoding="utf-8")
        else:
            write_whole(path, text.encode())
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}.") from error


def partial_path(path: Path) -> Path:
    """Return the name of an output while it grows, NAME.partial.EXT; the user may keep such a file."""
    return path.with_suffix(f".partial{path.suffix}")


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Windows does this for folders itself."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
