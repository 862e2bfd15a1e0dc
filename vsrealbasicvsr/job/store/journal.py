"""The journal of a job: lines of JSON that are only added, each on the disk before the work continues."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.files import sync

Entry = Mapping[str, Any]

_CHECKSUM = "crc32"
_HEAD = 64  # bytes; the first entry begins with the random id of the job


class Journal:
    """A file of entries; several processes may add to it.

    A broken line, after a crash or damage, is ignored; the work that it recorded is done again.

    Args:
        path: The file; the first entry creates it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._head = b""

    def add(self, kind: str, **facts: Any) -> None:
        """Add an entry and wait until it is on the disk.

        Raises:
            JobError: the file cannot be written, or another file has replaced the one that was read.
        """
        entry = {"kind": kind, **facts}
        line = json.dumps({**entry, _CHECKSUM: _checksum(entry)}, separators=(",", ":")) + "\n"
        try:
            is_new = not self._head
            flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT if is_new else 0)
            descriptor = os.open(self._path, flags, 0o644)
            try:
                self._check_same(descriptor)
                if _is_torn(descriptor):
                    line = "\n" + line
                _write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                sync(self._path.parent)
        except OSError as error:
            raise JobError(
                f"cannot write {self._path}: {error.strerror}; mend that, and run the same command."
            ) from error

    def news(self) -> Iterator[Entry]:
        """Yield the entries since the last call; the first call yields all.

        Raises:
            JobError: the file cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                self._check_same(file.fileno())
                file.seek(self._read)
                for line in file:
                    if not line.endswith(b"\n"):
                        return  # another process is writing this line, or was killed while writing
                    self._read += len(line)
                    entry = _entry(line)
                    if entry is not None:
                        yield entry
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise JobError(f"cannot read {self._path}: {error.strerror}.") from error

    def _check_same(self, descriptor: int) -> None:
        """Check that the file is still this job's journal; another process may have started the job again."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        head = os.read(descriptor, _HEAD)
        if not head.startswith(self._head):
            raise JobError(f"{self._path.parent} was discarded or begun anew by another process.")
        self._head = head if len(head) == _HEAD else self._head


def _is_torn(descriptor: int) -> bool:
    """Return whether the file ends in the middle of a line."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"


def _write(descriptor: int, data: bytes) -> None:
    """Write in one call, so that lines of several processes do not mix; a full disk may take only a part."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _entry(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or "kind" not in entry:
        return None
    checksum = entry.pop(_CHECKSUM, None)
    return entry if checksum == _checksum(entry) else None


def _checksum(entry: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())
