"""Restored pictures into the files of their segments, each recorded when it is whole and on the disk."""

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
class _Open:
    """The segment that is being written."""

    start: int
    path: Path
    sink: Sink
    begun: float
    times: list[tuple[int, int | None]] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    residues: list[float] = field(default_factory=list)


class SegmentWriter:
    """Takes a stretch's pictures in order; exactly one of `finish` and `abort` ends it.

    What an encoder looks ahead over is dozens of pictures, which it encodes when its segment ends. That is
    done in a thread beside the next segment, lest the network wait for it; one segment at most is ended so.

    Args:
        order: What to make.
        folder: Where segments go.
        starts: Numbers of the frames with which a segment starts.
        record: Takes each segment that is whole and on the disk; called in that thread, in order.
        on_frame: Called after each frame with its cleaning passes.
        worker: The name of this process, for the record.
        beside: Whether to end segments beside the next ones; else memory holds one encoder.

    Attributes:
        start: First frame of the segment that is, or was last, open, or of that which could not be ended;
            None before the first.
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
        self._open: _Open | None = None
        self._thread = ThreadPoolExecutor(1, "end of segment")
        self._ending: tuple[int, Future[None]] | None = None

    def write(self, frame: VideoFrame, restored: Restored) -> None:
        """Encode a frame; with a segment's first, have the one before ended.

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
        """Complete and record all that was written.

        Raises:
            VideoError: the disk is full, or the encoder failed.
            JobError: the journal cannot be written.
        """
        self._end()
        self._wait()
        self._thread.shutdown()

    def abort(self) -> None:
        """Drop the segment that is open, if one is; the one before it is still recorded, if it can be."""
        if self._open is not None:
            self._open.sink.abort()
            self._open = None
        with suppress(RestorationError):  # another error is being told
            self._wait()
        self._thread.shutdown()

    def _end(self) -> None:
        """Have the open segment ended, once the one before it is."""
        self._wait()
        if self._open is not None:
            self._ending = self._open.start, self._thread.submit(self._complete, self._open)
            self._open = None
            if not self._beside:
                self._wait()

    def _wait(self) -> None:
        if self._ending is None:
            return
        (start, done), self._ending = self._ending, None
        try:
            done.result()
        except BaseException:
            self.start = start
            raise

    def _complete(self, made: _Open) -> None:
        made.sink.finish()
        content = content_of(made.path)
        if content.frames != len(made.times):
            lost = len(made.times) - content.frames
            raise VideoError(f"the encoder lost {lost} of {len(made.times)} pictures.")
        self._record(
            Done(
                start=made.start,
                stop=made.start + content.frames,
                times=made.times,
                passes=made.passes,
                residues=made.residues,
                bytes=content.bytes,
                sha256=content.sha256,
                lag=content.lag,
                parameters=content.parameters,
                seconds=round(time.monotonic() - made.begun, 3),
                worker=self._worker,
                at=round(time.time(), 3),
            )
        )

    def _begin(self, restored: Restored) -> _Open:
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
        return _Open(restored.number, path, open_sink(plan), time.monotonic())
