"""`OUT.parts/`: where a job's segments, journal, log and locks are kept until the output is whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.store.journal import Journal
from vsrealbasicvsr.video.write.plan import CONTAINERS

_PATIENCE = 1.0
"""Seconds that a lock may be held by one who only asks whether it is."""
_LEAD, _JOURNAL = "lead.lock", "journal.jsonl"


class JobFolder:
    """The folder of one job.

    Args:
        target: The output as the user named it.
    """

    def __init__(self, target: Path) -> None:
        named = target if target.name else target.resolve()
        self.path = named.with_name(f"{named.name}.parts")
        self.journal = Journal(self.path / _JOURNAL)
        self.log = self.path / "log.txt"
        self._suffix = target.suffix if target.suffix.lower() in CONTAINERS else ""

    def segment(self, start: int) -> Path:
        """The file, or folder of frames, of the segment that starts with this frame."""
        return self.path / f"{start:08d}{self._suffix}"

    def lock(self, start: int) -> Path:
        """The lock of that segment."""
        return self.path / f"{start:08d}.lock"

    @contextmanager
    def led(self) -> Iterator[None]:
        """Lead the job meanwhile, which one process does; the folder is made.

        Raises:
            JobError: another process leads it, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_ours()
            lock = FileLock(self.path / _LEAD, thread_local=False)
            lock.acquire(timeout=_PATIENCE, poll_interval=_PATIENCE / 20)
        except Timeout:
            raise JobError(
                f"{self.path} is in use by another process that makes the same output: wait for it, "
                "or help it with --join."
            ) from None
        except OSError as error:
            raise JobError(f"cannot make the folder {self.path}: {error.strerror}.") from error
        try:
            yield
        finally:
            lock.release()

    def _check_ours(self) -> None:
        names = {path.name for path in self.path.iterdir()}
        if names and not names & {_LEAD, _JOURNAL}:
            raise JobError(f"{self.path} holds files that are not a job's: move it, or give another name.")

    @property
    def is_helped(self) -> bool:
        """Whether another process makes a segment now."""
        return any(_is_held(path) for path in self.path.glob("*.lock") if path.name != _LEAD)

    @property
    def is_led(self) -> bool:
        """Whether a process leads the job now."""
        if not (self.path / _LEAD).exists():
            return False
        try:
            return _is_held(self.path / _LEAD)
        except OSError as error:
            raise JobError(f"cannot look into {self.path}: {error.strerror}.") from error

    def clear(self) -> None:
        """Discard what is done; the locks stay, for their holders' sake.

        Raises:
            JobError: another process makes a segment.
        """
        if self.is_helped:
            raise JobError(f"another process makes segments in {self.path}: stop it first.")
        for path in self.path.iterdir():
            if path.suffix != ".lock":
                remove(path)
        self.journal = Journal(self.path / _JOURNAL)

    def remove(self) -> None:
        """Remove the folder with all that is in it, last what tells that the job was done."""
        for path in self.path.iterdir():
            if path.name not in (_LEAD, _JOURNAL):
                remove(path)
        remove(self.path)


def _is_held(path: Path) -> bool:
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def remove(path: Path) -> None:
    """Remove a file or a folder that may not be there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
