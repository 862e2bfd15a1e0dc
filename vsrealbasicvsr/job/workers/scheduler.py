"""Scheduling of a job's segments on workers, with new tries after failures and a record of finished ones."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from vsrealbasicvsr.errors import JobError, RestorationError, SettingsError, WeightsError
from vsrealbasicvsr.job.progress import Tracker
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.job.segments.scan import Assignment, Scan
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.locks import Claims
from vsrealbasicvsr.job.store.record import Done, Failure, Record
from vsrealbasicvsr.video.read.source import Source


class Crew(Protocol):
    """A group of workers; each makes one segment at a time."""

    @property
    def names(self) -> Sequence[str]:
        """The workers' names, for the user."""

    def give(self, worker: int, assignment: Assignment) -> Future[Done]:
        """Let a worker make a segment; a dead worker is replaced first."""

    def close(self) -> None:
        """End all workers, even during work."""


log = logging.getLogger("vsrealbasicvsr")

TRIES = 3
"""Number of failures after which a segment is given up; the others are still made."""
_TICK_SECONDS = 1.0  # between reports of progress


@dataclass(frozen=True, slots=True)
class _Task:
    """The assignment that a worker is making."""

    worker: int
    assignment: Assignment


def spread(
    order: Order,
    source: Source,
    given: Container[int] | None,
    record: Record,
    tracker: Tracker,
    crew: Crew,
) -> Scan:
    """Read the source once, and let a crew make the missing segments.

    Segments that are done, or that another process makes, are skipped.

    Memory holds one assignment for each worker, two that wait for a worker, the failed ones, and the frames
    that `Scan` and the detection of cuts hold.

    Args:
        order: The order of the job.
        source: The open source.
        given: Numbers of the frames that start a shot; None detects them.
        record: The job's record, which gets the finished segments.
        tracker: Reports the progress at least every second.
        crew: Makes the segments.

    Returns:
        The scan at its end; it knows all segments and cuts.

    Raises:
        JobError: a segment failed three times; all others are done.
        RestorationError: the source cannot be read.
    """
    scan = Scan(source, frames_with_cuts(source, given), order.rule(), order.settings.margin)
    run = _Schedule(record, tracker, crew, Claims(order.folder(), record))
    try:
        run.through(scan.assignments())
    finally:
        run.claims.release_all()
    if run.given_up:
        failed = "; ".join(f"frames {a.segment.start} to {a.segment.stop - 1}" for a in run.given_up)
        raise JobError(
            f"{failed} failed {TRIES} times each (see {order.folder().log}); all other segments are done. "
            "Run the same command to try again."
        )
    return scan


class _Schedule:
    """The state of one pass through the assignments."""

    def __init__(self, record: Record, tracker: Tracker, crew: Crew, claims: Claims) -> None:
        self._record, self._tracker, self._crew, self.claims = record, tracker, crew, claims
        self._tasks: dict[Future[Done], _Task] = {}
        self._retries: deque[Assignment] = deque()
        self._failures = Counter[int]()
        self._idle = deque(range(len(crew.names)))
        self._stopped = False
        self.given_up: list[Assignment] = []

    def through(self, assignments: Iterator[Assignment]) -> None:
        """Keep every worker busy until all segments are done or given up."""
        missing = self._missing(assignments)
        with ThreadPoolExecutor(1, "scan") as thread, self._scan_stopped_at_end():
            reading: Future[Assignment | None] | None = thread.submit(next, missing, None)
            read = deque[Assignment]()
            while reading or read or self._retries or self._tasks:
                while self._idle and (self._retries or read):
                    self._give((self._retries or read).popleft())
                # Without `reading` if an assignment already waits for a worker; that would be a busy loop.
                pending: list[Future[Any]] = [*self._tasks, *([reading] if reading and not read else [])]
                wait(pending, _TICK_SECONDS, FIRST_COMPLETED)
                for future in [task for task in self._tasks if task.done()]:
                    self._take(future)
                if reading and reading.done() and not read:
                    assignment = reading.result()
                    if assignment is not None:
                        read.append(assignment)
                    reading = thread.submit(next, missing, None) if assignment else None
                self._tracker.tell(self._activities())

    def _missing(self, assignments: Iterator[Assignment]) -> Iterator[Assignment]:
        """Claim and yield the assignments that are not done; runs in the scanning thread."""
        for assignment in assignments:
            if self._stopped:
                return
            if self.claims.take(assignment.segment.start):
                yield assignment

    @contextmanager
    def _scan_stopped_at_end(self) -> Iterator[None]:
        """After the block, stop the scanning thread at its next segment, done or not."""
        try:
            yield
        finally:
            self._stopped = True

    def _give(self, assignment: Assignment) -> None:
        worker = self._idle.popleft()
        future = self._crew.give(worker, assignment)
        self._tasks[future] = _Task(worker, assignment)

    def _take(self, future: Future[Done]) -> None:
        """Record the segment that a worker has finished, or its failure."""
        task = self._tasks.pop(future)
        self._idle.append(task.worker)
        start = task.assignment.segment.start
        try:
            done = future.result()
        except (SettingsError, WeightsError):  # another try would fail, too
            raise
        except Exception as error:  # of any kind, because the worker may have died
            self._fail(task, _in_one_line(error))
            return
        self._record.add(done)
        self.claims.release(start)

    def _fail(self, task: _Task, reason: str) -> None:
        assignment = task.assignment
        start = assignment.segment.start
        name = self._crew.names[task.worker]
        log.warning("worker %s failed at the segment from frame %d: %s", name, start, reason)
        with suppress(JobError):  # the journal cannot be written on a full disk
            self._record.fail(Failure(start, reason))
        self._failures[start] += 1
        if self._failures[start] < TRIES:
            self._retries.append(assignment)
        else:
            self.given_up.append(assignment)
            self.claims.release(start)

    def _activities(self) -> tuple[str, ...]:
        """Return the activity of each worker in words."""
        by_worker = {task.worker: task for task in self._tasks.values()}
        return tuple(
            f"{name} {by_worker[n].assignment.segment.start}-{by_worker[n].assignment.segment.stop - 1}"
            if n in by_worker
            else f"{name} idle"
            for n, name in enumerate(self._crew.names)
        )


def _in_one_line(error: Exception) -> str:
    """Return an error's text; only the last line if it quotes a traceback."""
    text = (str(error).strip().splitlines() or [""])[-1]
    return text if isinstance(error, RestorationError) else f"{type(error).__name__}: {text}"
