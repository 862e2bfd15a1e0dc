"""How far a job is, and what it did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.job.store.record import Done, Record


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restoration is."""

    frames: int
    """Frames that are encoded, by earlier runs and other processes, too."""
    total: int | None
    """Frames expected, None where the source does not say."""
    seconds: float
    """Since this run asked for its first frame."""
    mean_passes: float
    """Cleaning passes per frame so far."""
    resumed: int = 0
    """Frames that were done when this run began."""
    workers: tuple[str, ...] = ()
    """What each worker does, a few words each; empty without workers."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a finished restoration did."""

    target: Path
    frames: int
    lost: int
    """Source frames that could not be decoded."""
    cuts: tuple[int, ...]
    seconds: float
    """Of this run."""
    mean_passes: float
    resumed: int = 0
    """Frames that earlier runs had done."""


OnProgress = Callable[[Progress], None]


class Tracker:
    """Counts what the record does not know yet, and tells how far the job is.

    Args:
        record: Of the job.
        total: Frames expected, None where unknown.
        on_progress: Called with the state, when work begins and after every frame.
    """

    def __init__(self, record: Record, total: int | None, on_progress: OnProgress | None) -> None:
        self._record, self._total, self._on_progress = record, total, on_progress
        self._begun = time.monotonic()
        self._resumed = record.frames_done
        self._frames = 0
        self._passes = 0
        self._lock = threading.Lock()

    def note(self, passes: int) -> None:
        """A frame more is encoded, of a segment that is not recorded."""
        with self._lock:
            self._frames += 1
            self._passes += passes
        self.tell()

    def recorded(self, done: Done) -> None:
        """Write down a segment that is done: its frames are the record's from now on.

        Raises:
            JobError: see `Record.add`.
        """
        with self._lock:
            self._record.add(done)
            self._frames -= done.segment.frames
            self._passes -= sum(done.passes)

    def given_up(self) -> None:
        """The frames that are not in the record will not come."""
        with self._lock:
            self._frames = self._passes = 0

    def tell(self, workers: tuple[str, ...] = ()) -> None:
        """Tell how far the job is."""
        if self._on_progress:
            self._on_progress(self.progress(workers))

    def progress(self, workers: tuple[str, ...] = ()) -> Progress:
        """How far it is."""
        with self._lock:
            frames = self._record.frames_done + self._frames
            passes = self._record.passes_done + self._passes
        return Progress(
            frames,
            self._total,
            time.monotonic() - self._begun,
            passes / max(frames, 1),
            self._resumed,
            workers,
        )
