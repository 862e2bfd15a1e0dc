"""Workers that make segments beside each other: what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from vsrealbasicvsr.job.segments.scan import Assignment
from vsrealbasicvsr.job.store.record import Done


class Crew(Protocol):
    """Workers, each of which makes one segment at a time."""

    @property
    def names(self) -> Sequence[str]:
        """Of the workers, for people."""

    def give(self, worker: int, assignment: Assignment) -> Future[Done]:
        """Have a worker make a segment; one that died is replaced first."""

    def close(self) -> None:
        """End all workers, whatever they are at."""
