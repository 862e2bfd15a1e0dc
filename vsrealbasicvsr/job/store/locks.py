"""Who makes which segment: a lock for each, so that processes that share a disk never make one twice."""

from __future__ import annotations

from filelock import FileLock, Timeout

from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.record import Record


class Claims:
    """The segments that this process makes; a process that dies gives its own back.

    Args:
        folder: Of the job.
        record: Of the job.
    """

    def __init__(self, folder: JobFolder, record: Record) -> None:
        self._folder, self._record = folder, record
        self._locks: dict[int, FileLock] = {}

    def take(self, start: int) -> bool:
        """Claim the segment that starts with this frame; False where it is done, or another makes it."""
        if start in self._record.done or not self.try_lock(start):
            return False
        self._record.refresh()
        if start in self._record.done:  # by who had it a moment ago
            self.release(start)
            return False
        return True

    def try_lock(self, start: int) -> bool:
        """Claim it, done or not; False where another process has it."""
        if not self._folder.path.is_dir():  # the job is over, and a lock would make the folder again
            return False
        lock = FileLock(self._folder.lock(start), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._locks[start] = lock
        return True

    def release(self, start: int) -> None:
        """Give a segment back: it is done, or will not be."""
        lock = self._locks.pop(start, None)
        if lock:
            lock.release()

    def release_all(self) -> None:
        """Give all segments back."""
        for start in list(self._locks):
            self.release(start)
