"""Hands a job's segments to workers, tries failed ones again, and records what is done."""

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
    """Workers, each of which makes one segment at a time."""

    @property
    def names(self) -> Sequence[str]:
        """Of the workers, for people."""

    def give(self, worker: int, assignment: Assignment) -> Future[Done]:
        """Have a worker make a segment; one that died is replaced first."""

    def close(self) -> None:
        """End all workers, whatever they are at."""


log = logging.getLogger("vsrealbasicvsr")

TRIES = 3
"""After as many failures a segment is given up, and the others are still made."""
_TICK = 1.0  # seconds between reports


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker is at."""

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
    """Read the source once, and have the crew make every segment that is not done and that nobody else makes.

    Held: the assignments that wait for a worker, one for each; no frame.

    Args:
        order: What to make.
        source: Opened.
        given: Frames that start a shot; None finds them.
        record: Gets the segments that are done.
        tracker: Is told every second.
        crew: Makes them.

    Returns:
        The scan, at its end: it knows all segments and cuts.

    Raises:
        JobError: segments failed three times; all others are done.
        RestorationError: the source cannot be read.
    """
    scan = Scan(source, frames_with_cuts(source, given), order.rule(), order.settings.margin)
    run = _Spread(record, tracker, crew, Claims(order.folder(), record))
    try:
        run.through(scan.assignments())
    finally:
        run.claims.release_all()
    if run.given_up:
        told = "; ".join(f"frames {a.segment.start} to {a.segment.stop - 1}" for a in run.given_up)
        raise JobError(
            f"{told} failed {TRIES} times each (see {order.folder().log}); all other segments are done. "
            "Run the same command to try again."
        )
    return scan


class _Spread:
    """The state of one way through the assignments."""

    def __init__(self, record: Record, tracker: Tracker, crew: Crew, claims: Claims) -> None:
        self._record, self._tracker, self._crew, self.claims = record, tracker, crew, claims
        self._tasks: dict[Future[Done], _Task] = {}
        self._again: deque[Assignment] = deque()
        self._failures = Counter[int]()
        self._idle = deque(range(len(crew.names)))
        self._stopped = False
        self.given_up: list[Assignment] = []

    def through(self, assignments: Iterator[Assignment]) -> None:
        """Keep every worker at work until all is done or given up."""
        wanted = self._wanted(assignments)
        with ThreadPoolExecutor(1, "scan") as thread, self._stopped_at_the_end():
            reading: Future[Assignment | None] | None = thread.submit(next, wanted, None)
            read = deque[Assignment]()
            while reading or read or self._again or self._tasks:
                while self._idle and (self._again or read):
                    self._give((self._again or read).popleft())
                # Not for what is read already and waits for a worker: that would be a busy loop.
                waited: list[Future[Any]] = [*self._tasks, *([reading] if reading and not read else [])]
                wait(waited, _TICK, FIRST_COMPLETED)
                for future in [task for task in self._tasks if task.done()]:
                    self._take(future)
                if reading and reading.done() and not read:
                    assignment = reading.result()
                    if assignment is not None:
                        read.append(assignment)
                    reading = thread.submit(next, wanted, None) if assignment else None
                self._tracker.tell(self._told())

    def _wanted(self, assignments: Iterator[Assignment]) -> Iterator[Assignment]:
        """Those that are to be made here; runs in the scanning thread."""
        for one in assignments:
            if self._stopped:
                return
            if self.claims.take(one.segment.start):
                yield one

    @contextmanager
    def _stopped_at_the_end(self) -> Iterator[None]:
        """Let the scanning thread end soon, not at the next segment that is not done."""
        try:
            yield
        finally:
            self._stopped = True

    def _give(self, assignment: Assignment) -> None:
        worker = self._idle.popleft()
        future = self._crew.give(worker, assignment)
        self._tasks[future] = _Task(worker, assignment)

    def _take(self, future: Future[Done]) -> None:
        """What a worker has done, or why it failed."""
        task = self._tasks.pop(future)
        self._idle.append(task.worker)
        start = task.assignment.segment.start
        try:
            done = future.result()
        except (SettingsError, WeightsError):  # no other try would go better
            raise
        except Exception as error:  # of whatever kind: the worker may have died
            self._fail(task, _in_a_line(error))
            return
        self._record.add(done)
        self.claims.release(start)

    def _fail(self, task: _Task, reason: str) -> None:
        assignment = task.assignment
        start = assignment.segment.start
        name = self._crew.names[task.worker]
        log.warning("worker %s failed at the segment from frame %d: %s", name, start, reason)
        with suppress(JobError):  # a full disk takes no note
            self._record.fail(Failure(start, reason))
        self._failures[start] += 1
        if self._failures[start] < TRIES:
            self._again.append(assignment)
        else:
            self.given_up.append(assignment)
            self.claims.release(start)

    def _told(self) -> tuple[str, ...]:
        """What each worker does."""
        by_worker = {task.worker: task for task in self._tasks.values()}
        return tuple(
            f"{name} {by_worker[n].assignment.segment.start}-{by_worker[n].assignment.segment.stop - 1}"
            if n in by_worker
            else f"{name} idle"
            for n, name in enumerate(self._crew.names)
        )


def _in_a_line(error: Exception) -> str:
    """What went wrong; the last line of those who quote a traceback."""
    text = (str(error).strip().splitlines() or [""])[-1]
    return text if isinstance(error, RestorationError) else f"{type(error).__name__}: {text}"
