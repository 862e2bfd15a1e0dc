"""Positions of the samples that each process takes in each iteration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch.utils.data import Sampler

from training.options import require


@dataclass(frozen=True, kw_only=True)
class Positions(Sampler[list[int]]):
    """The positions of one process's samples: a list for each accumulation step of each iteration.

    Iteration k takes the positions k*batch to (k+1)*batch - 1. Each process has a contiguous share of them,
    and each accumulation step has a contiguous part of that share. So two processes with four clips each see
    the same samples as one process with eight clips.

    Attributes:
        first_iteration: 0, or the iteration at which a resumed run continues.
        iterations: number of iterations to do.
        batch: clips per iteration, over all processes.
        processes: number of processes that share the batch.
        rank: number of this process, from 0.
        accumulation: number of parts in which each process computes its share.

    Raises:
        TrainingError: the batch cannot be divided evenly.
    """

    first_iteration: int
    iterations: int
    batch: int
    processes: int = 1
    rank: int = 0
    accumulation: int = 1

    def __post_init__(self) -> None:
        parts = self.processes * self.accumulation
        require(
            self.batch % parts == 0,
            f"A batch of {self.batch} cannot be shared out evenly over {self.processes} processes with "
            f"{self.accumulation} accumulation steps each; set batch to a multiple of {parts}.",
        )

    def __len__(self) -> int:
        """Return the number of lists."""
        return self.iterations * self.accumulation

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the lists in order."""
        share = self.batch // self.processes
        part = share // self.accumulation
        for iteration in range(self.first_iteration, self.first_iteration + self.iterations):
            first = iteration * self.batch + self.rank * share
            for step in range(self.accumulation):
                start = first + step * part
                yield list(range(start, start + part))
