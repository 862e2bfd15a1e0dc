"""What the journal says of a job: what it was begun with, and which segments are done."""

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
    """A segment that is encoded, whole and on the disk.

    Attributes:
        start: Number of its first frame in the source.
        stop: Of the first frame behind it.
        times: Time stamp and duration (None where unknown) of each frame, in the source's time base.
        passes: Cleaning passes of each frame.
        residues: Mean absolute change by the last pass of each frame, 0-255.
        bytes: Of its file; of its frames in all where they are files.
        sha256: Of its file; of its frames one after the other.
        parameters: What tells the encoder's streams apart that cannot be joined.
        lag: Packets by which the encoder's order runs ahead of the display's.
        seconds: That it took.
        worker: Which process made it.
        at: When it was done, seconds since 1970 by that machine's clock.
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
        """Its frames."""
        return Segment(self.start, self.stop)

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """From a journal's entry."""
        values = {item.name: entry[item.name] for item in fields(cls)}
        return cls(**{**values, "times": [(pts, duration) for pts, duration in values["times"]]})


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """The output, from when it was whole under its temporary name."""

    bytes: int
    frames: int
    lost: int
    cuts: list[int]


@dataclass(frozen=True, slots=True)
class Failure:
    """A try to make a segment that failed."""

    start: int
    """First frame of the segment."""
    error: str


class Record:
    """A job's state, kept up with its journal; threads may share it.

    Attributes:
        fingerprint: What the job was begun with; None where there is no job.
        total: Frames expected; None where unknown.
        done: By first frame.
        failures: In order; those of segments that were made later, too.
        joined: The output, once it was whole.
        run_at: When the last run began, seconds since 1970; None where none did.
        frames_done: Frames of the segments that are done.
        passes_done: Their cleaning passes.
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
        """Read what was added to the journal, by whichever process."""
        with self._lock:
            for entry in self._folder.journal.news():
                with suppress(KeyError, TypeError, ValueError):  # of another version: as good as broken
                    self._take(entry["kind"], entry)

    def begin(self, fingerprint: Mapping[str, str], total: int | None) -> None:
        """Write down what the job is begun with."""
        self._add("job", id=secrets.token_hex(8), fingerprint=dict(fingerprint), total=total)

    def run(self) -> None:
        """A process begins to lead the job."""
        self._add("run", at=round(time.time(), 3))

    def add(self, done: Done) -> None:
        """A segment is done: its file has its name, and is on the disk.

        Raises:
            JobError: it cannot be joined with those before: another build of the encoder made it.
        """
        others = {other.parameters for other in self.done.values()}
        if others and done.parameters not in others:
            raise JobError(
                f"{done.worker} has another build of the encoder than those who made the segments before: "
                "install the same there, or begin anew with --restart."
            )
        self._add("segment", **asdict(done))

    def drop(self, start: int, reason: str) -> None:
        """A segment turned out to be damaged, and is to be made again."""
        self._add("dropped", start=start, reason=reason)

    def fail(self, failure: Failure) -> None:
        """A try failed."""
        self._add("failure", **asdict(failure))

    def join(self, joined: Joined) -> None:
        """The output is whole under its temporary name."""
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
