"""The restoration of one file: a job in segments that continues after any interruption."""

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
_POLL_SECONDS = 1.0  # between checks of what other processes have done


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
    """Restore a video file or an image sequence, and write a video file or PNG frames.

    All checks that are possible are made before the first frame is restored. The folder `TARGET.parts` keeps
    the finished segments until the output is complete. After an interruption of any kind, the same call
    continues the job. The complete output gets its name, and the folder is removed.

    Args:
        source: Any file that PyAV reads, a folder of images, or a pattern such as `frames/%06d.png`.
        target: A .mkv, .mp4 or .mov file, or a folder or pattern for PNG frames.
        settings: How to restore.
        delivery: How to read the source and to write the output.
        on_progress: Called when work begins, and after every frame from the encoding thread.
        restart: Whether to discard the segments of earlier runs.
        helping: Whether to make segments of a job that another process leads, on this machine or on one that
            shares its disk. The leader joins the segments.
        workers: Number of processes that make segments in parallel, on the devices of `settings.device` in
            turn; 0 makes them in this process. With `ray`, the number of workers on the cluster.
        ray: Address of a Ray cluster whose machines share this disk; "local" starts one on this machine.
        opener: Creates a restorer from the settings. With `workers` or `ray` it is pickled, and must be equal
            to its copies.

    Returns:
        A report, with the number of source frames that were lost.

    Raises:
        RestorationError: one of its kinds, for everything that is wrong; the text is one sentence.
        KeyboardInterrupt: passed on; finished segments are kept.
    """
    settings, delivery = settings or Settings(), delivery or Delivery()
    known_cuts = given_cuts(settings.cuts)
    _check_cuts_out(delivery.cuts_out)
    with open_source(Path(source), deinterlace=delivery.deinterlace, rate=delivery.rate) as reader:
        order = make_order(reader.info, Path(target), settings, delivery)
        if delivery.figures:
            check_figures(order.target)
        open_crew = functools.partial(_open_crew, order, workers, ray, opener)
        job = _Job(order, reader, known_cuts, on_progress, opener, open_crew)
        return job.help() if helping else job.lead(restart)


class _Job:
    """A job that this process leads or helps."""

    def __init__(
        self,
        order: Order,
        reader: Source,
        known_cuts: frozenset[int] | None,
        on_progress: OnProgress | None,
        opener: OpenRestorer,
        open_crew: Callable[[], Crew | None],
    ) -> None:
        self._order, self._reader, self._known_cuts = order, reader, known_cuts
        self._on_progress, self._open_crew = on_progress, open_crew
        self._plan, self._folder = order.plan, order.folder()
        self._restorer = functools.cache(functools.partial(opener, order.settings))

    def lead(self, restart: bool) -> Report:
        """Make the missing segments, wait for those of other processes, and join all."""
        current = fingerprint(self._order)
        with self._folder.led():
            if restart:
                self._folder.clear()
                remove(partial_path(self._plan.target))
            record = self._open_record(current)
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
        done = sorted(record.done.values(), key=lambda segment: segment.start)
        write_figures(self._order.target, done, self._plan.pictures.time_base, self._plan.start)

    def _open_record(self, current: Mapping[str, str]) -> Record:
        """Return the record of the job that continues, or of a new job."""
        record = Record(self._folder)
        if record.fingerprint is not None:
            check_same(record.fingerprint, current, self._folder.path)
            return record
        if record.done:  # segments without the fingerprint of their job
            log.warning("%s is damaged; the job begins anew.", self._folder.path)
            self._folder.clear()
            record = Record(self._folder)
        record.begin(current, self._reader.info.frames)
        return record

    def _keep(self, record: Record) -> None:
        """Tell the user what is kept of a stopped job; remove the folder if nothing is done."""
        with suppress(RestorationError):  # another error is already being raised
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
        """Read the source once, and make the segments that no other process makes."""
        record = Record(self._folder)
        if record.fingerprint is None:
            raise JobError(f"there is no job to join in {self._folder.path}: begin it without --join.")
        check_same(record.fingerprint, fingerprint(self._order), self._folder.path)
        tracker = Tracker(record, record.total, self._on_progress)
        with write_log(self._folder.log):
            tracker.tell()
            walk = make_here(self._order, self._reader, self._known_cuts, record, tracker, self._restorer)
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
        started, resumed = time.monotonic(), record.frames_done
        if not publish_joined(self._plan, self._folder, record):
            segments, cuts = self._make_all(record)
            join(self._plan, self._folder, record, segments, self._reader.lost, cuts)
        assert record.joined is not None
        return Report(
            self._plan.target,
            record.joined.frames,
            record.joined.lost,
            tuple(record.joined.cuts),
            time.monotonic() - started,
            record.passes_done / max(record.frames_done, 1),
            resumed,
        )

    def _make_all(self, record: Record) -> tuple[list[Segment], list[int]]:
        """Make all segments, and return them and the source's cuts."""
        drop_damaged(self._folder, record, whole=False)
        crew = self._open_crew()
        try:
            if crew is None:
                self._restorer()  # so that its errors are raised before work begins
            self._warn(record)
            tracker = Tracker(record, self._order.info.frames, self._on_progress)
            tracker.tell()
            for _ in range(_TRIES):
                walk = self._make_missing(record, tracker, crew)
                segments = list(walk.segments())
                self._wait_for_others(record, segments, tracker)
                self._drop_other_segments(record, segments)
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
        """Log warnings before the work begins."""
        for warning in filter(None, ("; ".join(self._order.info.assumptions), *self._plan.warnings)):
            log.warning("%s", warning)
        if record.done:
            log.warning("%d frames are done; the job goes on from there.", record.frames_done)

    def _make_missing(self, record: Record, tracker: Tracker, crew: Crew | None) -> Walk | Scan:
        """Read the source once, and make all segments that are not done."""
        if crew is None:
            return make_here(self._order, self._reader, self._known_cuts, record, tracker, self._restorer)
        return spread(self._order, self._reader, self._known_cuts, record, tracker, crew)

    @staticmethod
    def _drop_other_segments(record: Record, segments: list[Segment]) -> None:
        """Remove segments from the record that this pass through the source does not have."""
        stops = {segment.start: segment.stop for segment in segments}
        for done in list(record.done.values()):
            if stops.get(done.start) != done.stop:
                record.drop(done.start, "the source is cut into other segments now")

    def _wait_for_others(self, record: Record, segments: list[Segment], tracker: Tracker) -> None:
        """Wait until every segment is done, or its process has given it up."""
        claims = Claims(self._folder, record)
        for segment in segments:
            while not claims.take(segment.start):
                if segment.start in record.done:
                    break
                if not self._folder.path.is_dir():
                    raise JobError(f"{self._folder.path} was removed by somebody else.")
                tracker.tell()
                time.sleep(_POLL_SECONDS)
                record.refresh()
        claims.release_all()


def _check_cuts_out(path: Path | None) -> None:
    """Check that the cuts can be written, before hours of work."""
    if path is not None and not os.access(path.parent, os.W_OK):
        raise JobError(f"the cuts cannot be written to {path}: there is no folder {path.parent} to write to.")


def _open_crew(order: Order, workers: int, ray: str | None, opener: OpenRestorer) -> Crew | None:
    """Start the workers that make the segments; None means that this process makes them."""
    if ray is not None:
        from vsrealbasicvsr.job.workers.ray import Cluster

        return Cluster(order, ray, workers, opener)
    if not workers:
        return None
    names = [name.strip() for name in order.settings.device.split(",")]
    return Processes(order, [names[n % len(names)] for n in range(workers)], opener)
