"""The folder `OUT.parts/` of a job's segments, journal, log and locks, kept until the output is complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.store.journal import Journal
from vsrealbasicvsr.video.write.plan import CONTAINERS

_TIMEOUT_SECONDS = 1.0
"""Time to wait for the leader's lock, because a process that only checks the lock also holds it briefly."""
_LEAD, _JOURNAL = "lead.lock", "journal.jsonl"


class JobFolder:
    """The folder of one job.

    Args:
        target: The output as the user named it.
    """

    def __init__(self, target: Path) -> None:
        output = target if target.name else target.resolve()
        self.path = output.with_name(f"{output.name}.parts")
        self.journal = Journal(self.path / _JOURNAL)
        self.log = self.path / "log.txt"
        self._suffix = target.suffix if target.suffix.lower() in CONTAINERS else ""

    def segment(self, start: int) -> Path:
        """Return the path of the file, or folder of frames, of the segment that starts with this frame."""
        return self.path / f"{start:08d}{self._suffix}"

    def lock(self, start: int) -> Path:
        """Return the path of the lock of the segment that starts with this frame."""
        return self.path / f"{start:08d}.lock"

    @contextmanager
    def led(self) -> Iterator[None]:
        """Lead the job inside the block; only one process can. A missing folder is created.

        Raises:
            JobError: another process leads the job, or the folder cannot be created.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_ours()
            lock = FileLock(self.path / _LEAD, thread_local=False)
            lock.acquire(timeout=_TIMEOUT_SECONDS, poll_interval=_TIMEOUT_SECONDS / 20)
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
        """Whether another process is making a segment now."""
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
        """Remove everything except the locks, which other processes may hold.

        Raises:
            JobError: another process is making a segment.
        """
        if self.is_helped:
            raise JobError(f"another process makes segments in {self.path}: stop it first.")
        for path in self.path.iterdir():
            if path.suffix != ".lock":
                remove(path)
        self.journal = Journal(self.path / _JOURNAL)

    def remove(self) -> None:
        """Remove the folder; the journal and the leader's lock go last, as proof that the job was done."""
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
    """Remove a file or a folder, if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
