"""Locks of segments, so that processes that share a disk never make a segment twice."""

from __future__ import annotations

from filelock import FileLock, Timeout

from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.record import Record


class Claims:
    """The segments that this process makes; if the process dies, its locks are released.

    Args:
        folder: The job's folder.
        record: The job's record.
    """

    def __init__(self, folder: JobFolder, record: Record) -> None:
        self._folder, self._record = folder, record
        self._locks: dict[int, FileLock] = {}

    def take(self, start: int) -> bool:
        """Claim the segment that starts with this frame; False if it is done, or another process makes it."""
        if start in self._record.done or not self.try_lock(start):
            return False
        self._record.refresh()
        if start in self._record.done:  # by the process that had the lock a moment ago
            self.release(start)
            return False
        return True

    def try_lock(self, start: int) -> bool:
        """Claim a segment even if it is done; False if another process has claimed it."""
        if not self._folder.path.is_dir():  # the job has ended, and a lock would create the folder again
            return False
        lock = FileLock(self._folder.lock(start), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._locks[start] = lock
        return True

    def release(self, start: int) -> None:
        """Release a segment that is done or was given up."""
        lock = self._locks.pop(start, None)
        if lock:
            lock.release()

    def release_all(self) -> None:
        """Release all segments."""
        for start in list(self._locks):
            self.release(start)
