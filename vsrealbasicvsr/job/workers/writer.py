"""Encoding of restored frames to the files of their segments; each is recorded when it is on the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from av.video.frame import VideoFrame

from vsrealbasicvsr.errors import RestorationError, VideoError
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.content import content_of
from vsrealbasicvsr.job.store.folder import JobFolder, remove
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.pipeline import Restored
from vsrealbasicvsr.video.write.plan import FRAME_NUMBER
from vsrealbasicvsr.video.write.sink import Sink, open_sink


@dataclass
class _OpenSegment:
    """The segment that is being written."""

    start: int
    path: Path
    sink: Sink
    started: float
    times: list[tuple[int, int | None]] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    residues: list[float] = field(default_factory=list)


class SegmentWriter:
    """Takes a stretch's frames in order. The caller must call either `finish` or `abort` once.

    An encoder looks ahead over dozens of frames, and encodes them when its segment ends. A thread does this
    while the next segment is written, so that the network does not wait; at most one segment is ending.

    Args:
        order: The order of the job.
        folder: The job's folder.
        starts: Numbers of the frames with which a segment starts.
        record: Takes each segment that is complete and on the disk; called in the ending thread, in order.
        on_frame: Called after each frame with its number of cleaning passes.
        worker: Name of this process, for the record.
        beside: Whether to end a segment while the next one is written; otherwise memory holds one encoder.

    Attributes:
        start: Number of the first frame of the current or last segment, or of the segment whose end failed;
            None before the first segment.
    """

    def __init__(
        self,
        order: Order,
        folder: JobFolder,
        starts: Container[int],
        record: Callable[[Done], None],
        on_frame: Callable[[int], None],
        worker: str,
        *,
        beside: bool = True,
    ) -> None:
        self._plan, self._folder = order.plan, folder
        self._starts, self._record, self._on_frame, self._worker = starts, record, on_frame, worker
        self._beside = beside
        self.start: int | None = None
        self._open: _OpenSegment | None = None
        self._thread = ThreadPoolExecutor(1, "end of segment")
        self._ending: tuple[int, Future[None]] | None = None

    def write(self, frame: VideoFrame, restored: Restored) -> None:
        """Encode a frame; the first frame of a segment ends the segment before.

        Raises:
            VideoError: the disk is full, or the encoder failed.
            JobError: the journal cannot be written.
        """
        if restored.number in self._starts:
            self._end()
            self._open = self._begin(restored)
        assert self._open is not None
        self._open.sink.write(frame, restored.pts, restored.duration)
        self._open.times.append((restored.pts, restored.duration))
        self._open.passes.append(restored.passes)
        self._open.residues.append(round(restored.residue, 3))
        self._on_frame(restored.passes)

    def finish(self) -> None:
        """Complete and record all segments that were written.

        Raises:
            VideoError: the disk is full, or the encoder failed.
            JobError: the journal cannot be written.
        """
        self._end()
        self._wait()
        self._thread.shutdown()

    def abort(self) -> None:
        """Drop the open segment, if there is one; the segment before it is still recorded if possible."""
        if self._open is not None:
            self._open.sink.abort()
            self._open = None
        with suppress(RestorationError):  # another error is already being raised
            self._wait()
        self._thread.shutdown()

    def _end(self) -> None:
        """Wait until the segment before has ended, then begin to end the open one."""
        self._wait()
        if self._open is not None:
            self._ending = self._open.start, self._thread.submit(self._complete, self._open)
            self._open = None
            if not self._beside:
                self._wait()

    def _wait(self) -> None:
        if self._ending is None:
            return
        (start, future), self._ending = self._ending, None
        try:
            future.result()
        except BaseException:
            self.start = start
            raise

    def _complete(self, segment: _OpenSegment) -> None:
        segment.sink.finish()
        content = content_of(segment.path)
        if content.frames != len(segment.times):
            lost = len(segment.times) - content.frames
            raise VideoError(f"the encoder lost {lost} of {len(segment.times)} pictures.")
        self._record(
            Done(
                start=segment.start,
                stop=segment.start + content.frames,
                times=segment.times,
                passes=segment.passes,
                residues=segment.residues,
                bytes=content.bytes,
                sha256=content.sha256,
                lag=content.lag,
                parameters=content.parameters,
                seconds=round(time.monotonic() - segment.started, 3),
                worker=self._worker,
                at=round(time.time(), 3),
            )
        )

    def _begin(self, restored: Restored) -> _OpenSegment:
        self.start = restored.number
        path = self._folder.segment(restored.number)
        remove(path)
        if restored.number and not self._plan.container and not FRAME_NUMBER.search(self._plan.target.name):
            raise VideoError(f"{self._plan.target} holds one picture: write NAME%06d.png for more.")
        plan = replace(
            self._plan,
            target=path if self._plan.container else path / "%06d.png",
            source=None,
            kept=(),
            start=restored.pts * self._plan.pictures.time_base,
            overwrite=True,
            warnings=(),
        )
        return _OpenSegment(restored.number, path, open_sink(plan), time.monotonic())
