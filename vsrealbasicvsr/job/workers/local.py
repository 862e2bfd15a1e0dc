"""Making a job's segments in this process, in order."""

from __future__ import annotations

from collections.abc import Callable, Container
from contextlib import suppress

from vsrealbasicvsr.engine import Lanes, Restorer
from vsrealbasicvsr.errors import JobError, RestorationError
from vsrealbasicvsr.job.progress import Tracker
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.job.segments.walk import Walk
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.locks import Claims
from vsrealbasicvsr.job.store.record import Done, Failure, Record
from vsrealbasicvsr.job.workers.maker import Maker
from vsrealbasicvsr.video.read.source import Source


def make_here(
    order: Order,
    source: Source,
    given: Container[int] | None,
    record: Record,
    tracker: Tracker,
    restorer: Callable[[], Restorer | Lanes],
) -> Walk:
    """Read the source once, and make every segment that is not done and that no other process makes.

    Args:
        order: The order of the job.
        source: The open source.
        given: Numbers of the frames that start a shot; None detects them.
        record: The job's record.
        tracker: Counts the frames and records the finished segments.
        restorer: Creates the restorer; called when there is something to restore.

    Returns:
        The walk at its end; it knows all segments and cuts.

    Raises:
        RestorationError: one of its kinds; finished segments are kept.
    """
    claims = Claims(order.folder(), record)

    def on_done(done: Done) -> None:
        tracker.recorded(done)
        claims.release(done.start)

    walk = Walk(frames_with_cuts(source, given), order.rule(), order.settings.margin, claims.take)
    maker: Maker | None = None
    try:
        for stretch in walk.stretches():
            maker = maker or Maker(order, restorer(), tracker.note)
            maker.make(stretch, on_done)
    except RestorationError as error:
        with suppress(JobError):  # the journal cannot be written on a full disk
            record.fail(Failure((maker and maker.start) or 0, str(error)))
        raise
    finally:
        tracker.given_up()
        claims.release_all()
    return walk
