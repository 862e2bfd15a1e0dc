"""The progress of a job, and the report at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.job.store.record import Done, Record


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a restoration."""

    frames: int
    """Number of encoded frames, including those of earlier runs and other processes."""
    total: int | None
    """Expected number of frames; None if the source does not state it."""
    seconds: float
    """Seconds since this run requested its first frame."""
    mean_passes: float
    """Cleaning passes per frame so far."""
    resumed: int = 0
    """Number of frames that were done when this run began."""
    workers: tuple[str, ...] = ()
    """The activity of each worker in a few words; empty without workers."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a finished restoration."""

    target: Path
    frames: int
    lost: int
    """Number of source frames that could not be decoded."""
    cuts: tuple[int, ...]
    seconds: float
    """Duration of this run."""
    mean_passes: float
    resumed: int = 0
    """Number of frames that earlier runs had done."""


OnProgress = Callable[[Progress], None]


class Tracker:
    """Counts the frames that are not in the record yet, and reports the job's progress; threads may share it.

    Args:
        record: The job's record.
        total: Expected number of frames; None if unknown.
        on_progress: Called with the progress by `tell` and `note`.
    """

    def __init__(self, record: Record, total: int | None, on_progress: OnProgress | None) -> None:
        self._record, self._total, self._on_progress = record, total, on_progress
        self._started = time.monotonic()
        self._resumed = record.frames_done
        self._frames = 0
        self._passes = 0
        self._lock = threading.Lock()

    def note(self, passes: int) -> None:
        """Count one more encoded frame, of a segment that is not recorded yet."""
        with self._lock:
            self._frames += 1
            self._passes += passes
        self.tell()

    def recorded(self, done: Done) -> None:
        """Record a finished segment; its frames are counted by the record from now on.

        Raises:
            JobError: see `Record.add`.
        """
        with self._lock:
            self._record.add(done)
            self._frames -= done.segment.frames
            self._passes -= sum(done.passes)

    def given_up(self) -> None:
        """Forget the frames that are not in the record, because their segment will not be finished."""
        with self._lock:
            self._frames = self._passes = 0

    def tell(self, workers: tuple[str, ...] = ()) -> None:
        """Report the progress to `on_progress`."""
        if self._on_progress:
            self._on_progress(self.progress(workers))

    def progress(self, workers: tuple[str, ...] = ()) -> Progress:
        """Return the progress."""
        with self._lock:
            frames = self._record.frames_done + self._frames
            passes = self._record.passes_done + self._passes
        return Progress(
            frames,
            self._total,
            time.monotonic() - self._started,
            passes / max(frames, 1),
            self._resumed,
            workers,
        )
