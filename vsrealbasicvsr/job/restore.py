"""One file's restoration: a job of segments that survives whatever stops it."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from vsrealbasicvsr.cuts import given_cuts, write_cuts
from vsrealbasicvsr.engine import open_restorer
from vsrealbasicvsr.errors import JobError, RestorationError
from vsrealbasicvsr.files import partial_path
from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.figures import check_figures, forget_figures, write_figures
from vsrealbasicvsr.job.fingerprint import check_same, fingerprint
from vsrealbasicvsr.job.progress import OnProgress, Report, Tracker
from vsrealbasicvsr.job.segments.rule import Segment
from vsrealbasicvsr.job.segments.scan import Scan
from vsrealbasicvsr.job.segments.walk import Walk
from vsrealbasicvsr.job.spec import Order, make_order
from vsrealbasicvsr.job.store.folder import remove
from vsrealbasicvsr.job.store.join import drop_damaged, join, publish_joined
from vsrealbasicvsr.job.store.locks import Claims
from vsrealbasicvsr.job.store.log import write_log
from vsrealbasicvsr.job.store.record import Record
from vsrealbasicvsr.job.workers.local import make_here
from vsrealbasicvsr.job.workers.processes import Processes
from vsrealbasicvsr.job.workers.scheduler import Crew, spread
from vsrealbasicvsr.job.workers.worker import OpenRestorer
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import Source, open_source

log = logging.getLogger("vsrealbasicvsr")

_TRIES = 3
_POLL = 1.0  # seconds between looks at what other processes have done


def restore_file(
    source: str | Path,
    target: str | Path,
    settings: Settings | None = None,
    *,
    delivery: Delivery | None = None,
    on_progress: OnProgress | None = None,
    restart: bool = False,
    helping: bool = False,
    workers: int = 0,
    ray: str | None = None,
    opener: OpenRestorer = open_restorer,
) -> Report:
    """Restore a video file or an image sequence to another.

    Everything that can be known is checked before the first frame is restored. The work is kept in segments
    in the folder `TARGET.parts` until the output is whole; the same call goes on where it was stopped, by
    whatever. The output gets its name when it is whole, and the folder goes then.

    Args:
        source: any file PyAV reads, a folder of images, or a pattern such as `frames/%06d.png`.
        target: a .mkv, .mp4 or .mov file, or a folder or pattern for PNG frames.
        settings: how to restore.
        delivery: how to read the source and to write the output.
        on_progress: called when work begins, and after every frame from the encoding thread.
        restart: discard what earlier runs have done.
        helping: make segments of a job that another process leads, on this machine or one that shares its
            disk, and leave the joining to that.
        workers: processes that make segments beside each other, on the devices that `settings.device`
            names in turn; 0 makes them in this one. With `ray`, their number there.
        ray: the address of a Ray cluster whose machines share this disk; "local" starts one here.
        opener: makes what restores, of the settings; with `workers` or `ray` it is pickled, and equal to its
            copies.

    Returns:
        What was done, with the number of source frames that were lost.

    Raises:
        RestorationError: one of its kinds, in one sentence, for whatever is wrong.
        KeyboardInterrupt: passed on; the segments that are done are kept.
    """
    settings, delivery = settings or Settings(), delivery or Delivery()
    given = given_cuts(settings.cuts)
    _check_cuts_out(delivery.cuts_out)
    with open_source(Path(source), deinterlace=delivery.deinterlace, rate=delivery.rate) as reader:
        order = make_order(reader.info, Path(target), settings, delivery)
        if delivery.figures:
            check_figures(order.target)
        job = _Job(
            order, reader, given, on_progress, opener, functools.partial(_crew, order, workers, ray, opener)
        )
        return job.help() if helping else job.lead(restart)


class _Job:
    """What a process knows of the job that it leads or helps."""

    def __init__(
        self,
        order: Order,
        reader: Source,
        given: frozenset[int] | None,
        on_progress: OnProgress | None,
        opener: OpenRestorer,
        crew: Callable[[], Crew | None],
    ) -> None:
        self._order, self._reader, self._given = order, reader, given
        self._on_progress, self._crew = on_progress, crew
        self._plan, self._folder = order.plan, order.folder()
        self._restorer = functools.cache(functools.partial(opener, order.settings))

    def lead(self, restart: bool) -> Report:
        """Make what is not done, wait for what others make, join all."""
        now = fingerprint(self._order)
        with self._folder.led():
            if restart:
                self._folder.clear()
                remove(partial_path(self._plan.target))
            record = self._begun(now)
            try:
                record.run()
                with write_log(self._folder.log):
                    report = self._work(record)
                if self._order.delivery.cuts_out:
                    write_cuts(self._order.delivery.cuts_out, report.cuts)
                if self._order.delivery.figures:
                    self._write_figures(record)
                else:
                    forget_figures(self._order.target)
            except BaseException as error:
                self._keep(record)
                if isinstance(error, KeyboardInterrupt) and not record.done:
                    log.warning(
                        "nothing is kept: no segment was whole yet; --segment-length makes them shorter."
                    )
                raise
            self._folder.remove()
        return report

    def _write_figures(self, record: Record) -> None:
        done = sorted(record.done.values(), key=lambda one: one.start)
        write_figures(self._order.target, done, self._plan.pictures.time_base, self._plan.start)

    def _begun(self, now: Mapping[str, str]) -> Record:
        """The record of the job that goes on, or of one that begins."""
        record = Record(self._folder)
        if record.fingerprint is not None:
            check_same(record.fingerprint, now, self._folder.path)
            return record
        if record.done:  # of what, the journal does not tell any more
            log.warning("%s is damaged; the job begins anew.", self._folder.path)
            self._folder.clear()
            record = Record(self._folder)
        record.begin(now, self._reader.info.frames)
        return record

    def _keep(self, record: Record) -> None:
        """Keep what is done of a job that was stopped, and say so; a job that has nothing yet goes."""
        with suppress(RestorationError):  # another error is being told
            record.refresh()
        if record.done:
            log.warning(
                "%d frames are done and kept in %s; the same command goes on from there.",
                record.frames_done,
                self._folder.path,
            )
        elif not self._folder.is_helped:
            self._folder.remove()

    def help(self) -> Report:
        """Make segments that nobody else makes, once through the source."""
        record = Record(self._folder)
        if record.fingerprint is None:
            raise JobError(f"there is no job to join in {self._folder.path}: begin it without --join.")
        check_same(record.fingerprint, fingerprint(self._order), self._folder.path)
        tracker = Tracker(record, record.total, self._on_progress)
        with write_log(self._folder.log):
            tracker.tell()
            walk = make_here(self._order, self._reader, self._given, record, tracker, self._restorer)
        progress = tracker.progress()
        return Report(
            self._plan.target,
            progress.frames - progress.resumed,
            self._reader.lost,
            tuple(walk.cuts),
            progress.seconds,
            progress.mean_passes,
            progress.resumed,
        )

    def _work(self, record: Record) -> Report:
        begun, resumed = time.monotonic(), record.frames_done
        if not publish_joined(self._plan, self._folder, record):
            segments, cuts = self._make_all(record)
            join(self._plan, self._folder, record, segments, self._reader.lost, cuts)
        assert record.joined is not None
        return Report(
            self._plan.target,
            record.joined.frames,
            record.joined.lost,
            tuple(record.joined.cuts),
            time.monotonic() - begun,
            record.passes_done / max(record.frames_done, 1),
            resumed,
        )

    def _make_all(self, record: Record) -> tuple[list[Segment], list[int]]:
        """All segments whole on the disk, and the source's cuts."""
        drop_damaged(self._folder, record, whole=False)
        crew = self._crew()
        try:
            if crew is None:
                self._restorer()  # what is wrong with it is told before work begins
            self._warn(record)
            tracker = Tracker(record, self._order.info.frames, self._on_progress)
            tracker.tell()
            for _ in range(_TRIES):
                walk = self._make_missing(record, tracker, crew)
                segments = list(walk.segments())
                self._wait_for_others(record, segments, tracker)
                self._drop_strange(record, segments)
                drop_damaged(self._folder, record, whole=True)
                if all(segment.start in record.done for segment in segments):
                    return segments, walk.cuts
        finally:
            if crew:
                crew.close()
        raise JobError(
            f"segments in {self._folder.path} are damaged again and again: check the disk, then run the same "
            "command."
        )

    def _warn(self, record: Record) -> None:
        """Say what a user should know before the work."""
        for warning in filter(None, ("; ".join(self._order.info.assumptions), *self._plan.warnings)):
            log.warning("%s", warning)
        if record.done:
            log.warning("%d frames are done; the job goes on from there.", record.frames_done)

    def _make_missing(self, record: Record, tracker: Tracker, crew: Crew | None) -> Walk | Scan:
        """Once through the source."""
        if crew is None:
            return make_here(self._order, self._reader, self._given, record, tracker, self._restorer)
        return spread(self._order, self._reader, self._given, record, tracker, crew)

    @staticmethod
    def _drop_strange(record: Record, segments: list[Segment]) -> None:
        """Take segments that are not those of this walk through the source out of the record."""
        stops = {segment.start: segment.stop for segment in segments}
        for done in list(record.done.values()):
            if stops.get(done.start) != done.stop:
                record.drop(done.start, "the source is cut into other segments now")

    def _wait_for_others(self, record: Record, segments: list[Segment], tracker: Tracker) -> None:
        """Until every segment is done, or was left by the process that made it."""
        claims = Claims(self._folder, record)
        for segment in segments:
            while not claims.take(segment.start):
                if segment.start in record.done:
                    break
                if not self._folder.path.is_dir():
                    raise JobError(f"{self._folder.path} was removed by somebody else.")
                tracker.tell()
                time.sleep(_POLL)
                record.refresh()
        claims.release_all()


def _check_cuts_out(path: Path | None) -> None:
    """Find out now, not after hours, that the cuts cannot be written."""
    if path is not None and not os.access(path.parent, os.W_OK):
        raise JobError(f"the cuts cannot be written to {path}: there is no folder {path.parent} to write to.")


def _crew(order: Order, workers: int, ray: str | None, opener: OpenRestorer) -> Crew | None:
    """Who makes the segments; None: this process."""
    if ray is not None:
        from vsrealbasicvsr.job.workers.ray import Cluster

        return Cluster(order, ray, workers, opener)
    if not workers:
        return None
    names = [name.strip() for name in order.settings.device.split(",")]
    return Processes(order, [names[n % len(names)] for n in range(workers)], opener)
