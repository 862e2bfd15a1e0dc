"""The status of a job, read from its folder; checking and discarding its segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.join import damaged
from vsrealbasicvsr.job.store.record import Done, Failure, Record


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a job.

    Attributes:
        folder: The folder `OUT.parts`.
        running: Whether a process leads the job now.
        joined: Whether the output is complete; at most its renaming is missing.
        done: The finished segments, in order.
        failures: Failures of segments that are not done.
        total: Expected number of frames; None if unknown.
        run_at: Start of the last run, in seconds since 1970; None if there was none.
    """

    folder: Path
    running: bool
    joined: bool
    done: tuple[Done, ...]
    failures: tuple[Failure, ...]
    total: int | None
    run_at: float | None

    @property
    def frames(self) -> int:
        """Number of frames that are done."""
        return sum(done.segment.frames for done in self.done)

    @property
    def rate(self) -> float | None:
        """Frames per second of the last run, of all its processes; None before its first segment."""
        newest = [done for done in self.done if self.run_at is not None and done.at > self.run_at]
        if not newest or self.run_at is None:
            return None
        return sum(done.segment.frames for done in newest) / (max(done.at for done in newest) - self.run_at)

    @property
    def mean_passes(self) -> float:
        """Mean number of cleaning passes per frame."""
        return sum(sum(done.passes) for done in self.done) / max(self.frames, 1)


def read_status(target: Path) -> Status:
    """Return the status of the job that makes an output.

    Raises:
        JobError: there is no such job.
    """
    folder, record = _open_job(target)
    open_failures = (failure for failure in record.failures if failure.start not in record.done)
    return Status(
        folder.path,
        folder.is_led,
        record.joined is not None,
        tuple(sorted(record.done.values(), key=lambda done: done.start)),
        tuple(open_failures),
        record.total,
        record.run_at,
    )


def is_over(target: Path) -> bool:
    """Return whether the output exists, and no job's folder for it."""
    return target.exists() and not JobFolder(target).path.exists()


def find_damage(target: Path) -> tuple[int, list[str]]:
    """Read all finished segments; return their number, and a description of each damaged one.

    Raises:
        JobError: there is no such job.
    """
    folder, record = _open_job(target)
    reasons = [damaged(folder, done, whole=True) for done in record.done.values()]
    return len(reasons), [reason for reason in reasons if reason]


def discard(target: Path) -> int:
    """Remove a job's folder; return the number of frames that were done.

    Raises:
        JobError: there is no such job, or a process works on it.
    """
    folder, record = _open_job(target)
    if folder.is_led:
        raise JobError(f"{folder.path} is in use by a process that makes {target}: stop it first.")
    with folder.led():
        folder.clear()
        folder.remove()
    return record.frames_done


def _open_job(target: Path) -> tuple[JobFolder, Record]:
    folder = JobFolder(target)
    record = Record(folder)
    if record.fingerprint is None:
        reason = "it is there, and no job is left" if target.exists() else "nothing is kept of one"
        raise JobError(f"there is no job that makes {target}: {reason}.")
    return folder, record
