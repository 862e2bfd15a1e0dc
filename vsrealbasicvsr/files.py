"""Writing of files that appear only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vsrealbasicvsr.errors import JobError


@contextmanager
def replaced(path: Path, *, synced: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; the file written there is renamed to `path` when the block ends.

    Until then, and after an error, an older file at `path` stays unchanged. After an error the temporary file
    is removed. Two processes that write the same file do not disturb each other.

    Args:
        path: The final name; its folder must exist.
        synced: Whether to wait until the content is on the disk before the file is renamed.

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
    """Write a file that appears only when it is complete; a missing folder is created.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as partial:
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
