"""A worker, which makes single segments from their assignments in its own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice

import torch

from vsrealbasicvsr.engine import Lanes, Restorer, open_restorer
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.segments.scan import Assignment
from vsrealbasicvsr.job.segments.walk import Stretch
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.log import write_log
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.job.workers.maker import Maker
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import SourceFrame

OpenRestorer = Callable[[Settings], Restorer | Lanes]


class Worker:
    """Holds a network and the source, and makes one segment after the other.

    Args:
        order: The order of the job; its settings name this worker's device.
        threads: Number of CPU threads for the network; 0 does not change it.
        opener: Creates the restorer.

    Raises:
        RestorationError: one of its kinds; the source or the weights cannot be read, or there is no such
            device.
    """

    def __init__(self, order: Order, threads: int = 0, opener: OpenRestorer = open_restorer) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._order = order
        self._source = order.open_source()
        self._restorer = opener(order.settings)

    def make(self, assignment: Assignment) -> Done:
        """Make a segment. On return it is complete and on the disk; the caller must record it.

        Raises:
            RestorationError: one of its kinds; the unfinished segment is removed.
        """
        done: list[Done] = []
        with write_log(self._order.folder().log):
            Maker(self._order, self._restorer).make(self._stretch(assignment), done.append)
        if [item.segment for item in done] != [assignment.segment]:
            first, last = assignment.segment.start, assignment.segment.stop - 1
            raise JobError(f"the source gave other frames than before at frames {first} to {last}.")
        return done[0]

    def _stretch(self, assignment: Assignment) -> Stretch:
        segment = assignment.segment
        return Stretch(
            assignment.first,
            segment.start,
            self._frames(assignment),
            {segment.start},
            segment.stop if assignment.end > segment.stop else None,
        )

    def _frames(self, assignment: Assignment) -> Iterator[tuple[SourceFrame, bool]]:
        count = assignment.end - assignment.first
        frames = self._source.since(
            assignment.first,
            assignment.pts,
            assignment.check,
            seek=assignment.seek,
            damaged=assignment.damaged,
        )
        with closing(frames):
            for n, frame in enumerate(islice(frames, count), assignment.first):
                yield frame, n in assignment.cuts
