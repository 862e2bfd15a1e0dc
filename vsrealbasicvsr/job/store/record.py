"""The record of a job, read from its journal: its fingerprint, and the segments that are done."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.segments.rule import Segment
from vsrealbasicvsr.job.store.folder import JobFolder


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A finished segment: encoded completely, and on the disk.

    Attributes:
        start: Number of its first frame in the source.
        stop: Number of the first frame after it.
        times: Time stamp and duration (None if unknown) of each frame, in the source's time base.
        passes: Number of cleaning passes of each frame.
        residues: Mean absolute change by the last pass of each frame, 0-255.
        bytes: Size of its file, or of all its frames.
        sha256: SHA-256 of its file, or of its frames one after the other.
        parameters: SHA-256 of the encoder's parameters; only segments with the same one can be joined.
        lag: Number of frames by which decoding is ahead of display.
        seconds: Time that it took.
        worker: Name of the process that made it.
        at: Time when it was done, in seconds since 1970 by that machine's clock.
    """

    start: int
    stop: int
    times: list[tuple[int, int | None]]
    passes: list[int]
    residues: list[float]
    bytes: int
    sha256: str
    parameters: str
    lag: int
    seconds: float
    worker: str
    at: float

    @property
    def segment(self) -> Segment:
        """The segment's frame numbers."""
        return Segment(self.start, self.stop)

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """Return the segment of a journal entry."""
        values = {item.name: entry[item.name] for item in fields(cls)}
        return cls(**{**values, "times": [(pts, duration) for pts, duration in values["times"]]})


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """The output, as recorded when it was complete under its temporary name."""

    bytes: int
    frames: int
    lost: int
    cuts: list[int]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed try to make a segment."""

    start: int
    """Number of the segment's first frame."""
    error: str


class Record:
    """The state of a job, kept equal to its journal; threads may share it.

    Attributes:
        fingerprint: The fingerprint with which the job began; None if there is no job.
        total: Expected number of frames; None if unknown.
        done: The finished segments by the number of their first frame.
        failures: All failures in order, including those of segments that were made later.
        joined: The output; None until it is complete.
        run_at: Start of the last run, in seconds since 1970; None if there was none.
        frames_done: Number of frames of the finished segments.
        passes_done: Number of their cleaning passes.
    """

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self.fingerprint: dict[str, str] | None = None
        self.total: int | None = None
        self.done: dict[int, Done] = {}
        self.failures: list[Failure] = []
        self.joined: Joined | None = None
        self.run_at: float | None = None
        self.frames_done = 0
        self.passes_done = 0
        self.refresh()

    def refresh(self) -> None:
        """Read the entries that any process has added to the journal."""
        with self._lock:
            for entry in self._folder.journal.news():
                with suppress(KeyError, TypeError, ValueError):  # another version's entry is ignored
                    self._take(entry["kind"], entry)

    def begin(self, fingerprint: Mapping[str, str], total: int | None) -> None:
        """Record that a job begins, with its fingerprint."""
        self._add("job", id=secrets.token_hex(8), fingerprint=dict(fingerprint), total=total)

    def run(self) -> None:
        """Record that a process begins to lead the job."""
        self._add("run", at=round(time.time(), 3))

    def add(self, done: Done) -> None:
        """Record a finished segment: its file has its name, and is on the disk.

        Raises:
            JobError: another build of the encoder made it, so it cannot be joined with the others; or the
                journal cannot be written.
        """
        others = {other.parameters for other in self.done.values()}
        if others and done.parameters not in others:
            raise JobError(
                f"{done.worker} has another build of the encoder than those who made the segments before: "
                "install the same there, or begin anew with --restart."
            )
        self._add("segment", **asdict(done))

    def drop(self, start: int, reason: str) -> None:
        """Record that a segment is damaged, and must be made again."""
        self._add("dropped", start=start, reason=reason)

    def fail(self, failure: Failure) -> None:
        """Record a failed try."""
        self._add("failure", **asdict(failure))

    def join(self, joined: Joined) -> None:
        """Record that the output is complete under its temporary name."""
        self._add("joined", **asdict(joined))

    def _add(self, kind: str, **facts: Any) -> None:
        self._folder.journal.add(kind, **facts)
        self.refresh()

    def _take(self, kind: str, entry: Mapping[str, Any]) -> None:
        match kind:
            case "job":
                self.fingerprint, self.total = dict(entry["fingerprint"]), entry["total"]
            case "run":
                self.run_at = entry["at"]
            case "segment":
                done = Done.from_entry(entry)
                self._forget(done.start)
                self.done[done.start] = done
                self._count(done, 1)
            case "dropped":
                self._forget(entry["start"])
                self.joined = None
            case "failure":
                self.failures.append(Failure(entry["start"], entry["error"]))
            case "joined":
                self.joined = Joined(**{item.name: entry[item.name] for item in fields(Joined)})

    def _forget(self, start: int) -> None:
        done = self.done.pop(start, None)
        if done:
            self._count(done, -1)

    def _count(self, done: Done, sign: int) -> None:
        self.frames_done += sign * done.segment.frames
        self.passes_done += sign * sum(done.passes)
