"""Jobs: the overhead of segments, journal and join over a plain pass, and the spread over workers."""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from torch import Tensor
from torch.nn.functional import interpolate

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.engine import CleanedFrame, Restorer
from vsrealbasicvsr.job import Delivery, Progress, restore_file
from vsrealbasicvsr.job.fingerprint import fingerprint
from vsrealbasicvsr.job.progress import Tracker
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.job.segments.scan import Scan
from vsrealbasicvsr.job.spec import Order, make_order
from vsrealbasicvsr.job.store.join import join
from vsrealbasicvsr.job.store.record import Record
from vsrealbasicvsr.job.workers.processes import Processes
from vsrealbasicvsr.job.workers.ray import Cluster
from vsrealbasicvsr.job.workers.scheduler import Crew, spread
from vsrealbasicvsr.job.workers.worker import OpenRestorer
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.pipeline import Passage, Restored
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import Source, open_source
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.sink import open_sink

_RATE = 25
_COARSE = 20
"""Source pixels between the random values from which a shot is interpolated."""

Where = Literal["processes", "ray"]


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Opens a restorer that only sleeps, and repeats each pixel four times in both directions."""

    seconds: float
    """Seconds of sleep for each frame that comes, including context."""

    def __call__(self, _: Settings) -> Restorer:
        """Return the sleeping restorer, for a job."""
        return cast(Restorer, self)

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: Callable[[int, CleanedFrame], None] | None = None,
        first: int = 0,
        core_start: int | None = None,
    ) -> Iterator[Tensor]:
        """Yield each frame as soon as it comes; see `Restorer.stream`."""
        for n, frame in enumerate(frames, first):
            time.sleep(self.seconds)
            if on_cleaned:
                on_cleaned(n, CleanedFrame(frame[None], 0, 0.0))
            if n >= (core_start or 0):
                yield frame.repeat_interleave(SCALE, 1).repeat_interleave(SCALE, 2)


@dataclass(frozen=True, slots=True)
class Network:
    """Opens a restorer with random weights that computes on the CPU."""

    case: Case

    def __call__(self, settings: Settings) -> Restorer:
        """Return the restorer, for a job."""
        return Restorer(self.case.network(), settings)


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds of a run."""

    before: float
    """Seconds until the first frame was encoded."""
    frames: float
    """Seconds from the first encoded frame to the last."""
    after: float
    """Seconds from the last encoded frame until the output had its final name."""

    @property
    def whole(self) -> float:
        """Seconds of all phases."""
        return self.before + self.frames + self.after


@dataclass(frozen=True, slots=True)
class Overhead:
    """The best of the rounds for each side."""

    plain: Phases
    """One pass through the network into one file, without a job."""
    job: Phases
    """`restore_file`."""
    segments: int
    overhead: float
    """The time that the job adds, as a share of the plain time."""


def measure_overhead(
    case: Case, *, opener: OpenRestorer, shot: int, encoder: str, rounds: int, folder: Path | None = None
) -> Overhead:
    """Restore a clip both ways in turns, so that a busy machine slows them equally.

    Args:
        case: The clip, the window and its margin.
        opener: Opens the restorer.
        shot: Number of frames between cuts.
        encoder: Encoder of the outputs.
        rounds: Number of timed turns.
        folder: Folder to work in, on the disk to measure; None takes the temporary folder of the system.
    """
    times: dict[str, list[Phases]] = {"plain": [], "job": []}
    with tempfile.TemporaryDirectory(dir=folder) as work:
        setup = _Setup(case, Path(work), Delivery(encoding=Encoding(encoder=encoder), overwrite=True))
        setup.write_clip(shot)
        with open_source(setup.clip) as source:
            rule = setup.order(source, "job").rule()
            segments = sum(rule.starts(n, cut) for n, (_, cut) in enumerate(frames_with_cuts(source, None)))
        for _ in range(rounds):
            times["plain"].append(_plain(setup, opener))
            times["job"].append(_job(setup, opener))
    plain, job = (min(runs, key=lambda run: run.whole) for runs in times.values())
    return Overhead(plain, job, segments, job.whole / plain.whole - 1)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds from the time when all workers were ready until the last segment was recorded."""

    one: float
    several: float
    killed: float
    """Seconds of several workers, one of which was killed when half of the frames were done."""
    speedup: float
    """Seconds of one worker divided by those of several; ideally the number of workers."""
    segments: int
    failures: int
    """Failed tries in the run with the killed worker."""
    equal: bool
    """Whether all three outputs show the same pictures."""


def measure_spread(
    case: Case, *, where: Where, seconds: float, count: int, shot: int, encoder: str, segment_length: int
) -> Spread:
    """Restore a clip with one worker, with several, and with several of which one is killed; all sleep.

    Each worker makes a segment before the measurement, so that the start of processes is not measured.

    Args:
        case: The clip, the window and its margin.
        where: Processes of this machine, or a Ray cluster that is started on it.
        seconds: Seconds that a worker sleeps for each frame.
        count: Number of workers, two or more.
        shot: Number of frames between cuts.
        encoder: Encoder of the outputs.
        segment_length: See `Delivery`.

    Raises:
        JobError: Ray is not installed, or all tries of a segment failed.
    """
    with tempfile.TemporaryDirectory() as work:
        delivery = Delivery(encoding=Encoding(encoder=encoder), segment_length=segment_length, overwrite=True)
        setup = _Setup(case, Path(work), delivery)
        setup.write_clip(shot)
        single, several, killed = (
            _WorkerRun(setup, name, where, Sleeper(seconds), workers, kills=name == "killed").run()
            for name, workers in (("one", 1), ("several", count), ("killed", count))
        )
    equal = single.pictures == several.pictures == killed.pictures
    ratio = single.seconds / several.seconds
    return Spread(
        single.seconds, several.seconds, killed.seconds, ratio, single.segments, killed.failures, equal
    )


@dataclass(frozen=True, slots=True)
class _Setup:
    """The clip, the folder and the settings of all runs."""

    case: Case
    folder: Path
    delivery: Delivery

    @property
    def clip(self) -> Path:
        return self.folder / "clip.mkv"

    @property
    def settings(self) -> Settings:
        return Settings(device="cpu", window=self.case.window, margin=self.case.margin)

    def target(self, name: str) -> Path:
        return self.folder / f"{name}.mkv"

    def order(self, source: Source, name: str) -> Order:
        return make_order(source.info, self.target(name), self.settings, self.delivery)

    def write_clip(self, shot: int) -> None:
        """Write smooth textures that pan by two pixels per frame; a new one starts every `shot` frames."""
        case, random = self.case, torch.Generator().manual_seed(0)
        with av.open(self.clip, "w") as container:
            stream = container.add_stream("libx264", rate=_RATE, options={"crf": "18", "preset": "fast"})
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = case.width, case.height, "yuv420p"
            for number in range(case.frames):
                if number % shot == 0:
                    picture = _texture(case.width, case.height, random)
                pixels = np.ascontiguousarray(picture.roll(-2 * (number % shot), dims=1).numpy())
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            container.mux(stream.encode(None))


def _texture(width: int, height: int, random: torch.Generator) -> Tensor:
    """Return a smooth texture, (H, W, 3), uint8."""
    coarse = torch.rand(1, 3, height // _COARSE + 2, width // _COARSE + 2, generator=random)
    fine = interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0) * 255).round().to(torch.uint8)


class _Watch:
    """Records the times when the first and the last frame were encoded."""

    def __init__(self) -> None:
        self._begun = self._first = self._last = time.perf_counter()
        self._frames = 0

    def note(self, frames: int) -> None:
        if frames > self._frames:
            self._last = time.perf_counter()
            self._first = self._last if not self._frames else self._first
            self._frames = frames

    def ended(self) -> Phases:
        now = time.perf_counter()
        return Phases(self._first - self._begun, self._last - self._first, now - self._last)


def _plain(setup: _Setup, opener: OpenRestorer) -> Phases:
    watch = _Watch()
    with open_source(setup.clip) as source:
        order = setup.order(source, "plain")
        conversion = order.conversion()
        sink = open_sink(order.plan)

        def write(frame: VideoFrame, restored: Restored) -> None:
            sink.write(frame, restored.pts, restored.duration)
            watch.note(restored.number + 1)

        restorer = opener(setup.settings)
        passage = Passage(restorer, lambda _: source.info.colour, lambda: conversion, write)
        passage.run(frames_with_cuts(source, None))
        sink.finish()
    return watch.ended()


def _job(setup: _Setup, opener: OpenRestorer) -> Phases:
    watch = _Watch()

    def note(progress: Progress) -> None:
        watch.note(progress.frames)

    restore_file(
        setup.clip,
        setup.target("job"),
        setup.settings,
        delivery=setup.delivery,
        on_progress=note,
        opener=opener,
    )
    return watch.ended()


@dataclass(frozen=True, slots=True)
class _RunResult:
    """The result of one run with workers."""

    seconds: float
    segments: int
    failures: int
    pictures: str
    """A digest of the pictures of the output."""


class _WorkerRun:
    """One run with workers; `kills` kills one of them when half of the frames are done."""

    def __init__(
        self, setup: _Setup, name: str, where: Where, opener: OpenRestorer, workers: int, kills: bool
    ) -> None:
        self._setup, self._name, self._where = setup, name, where
        self._opener, self._workers, self._kills = opener, workers, kills

    def run(self) -> _RunResult:
        with open_source(self._setup.clip) as source:
            order = self._setup.order(source, self._name)
            with order.folder().led(), closing(self._crew(order)) as crew:
                self._warm_up(order, source, crew)
                record = Record(order.folder())
                record.begin(fingerprint(order), self._setup.case.frames)
                tracker = Tracker(record, self._setup.case.frames, lambda _: self._kill_one(record))
                begun = time.perf_counter()
                scan = spread(order, source, None, record, tracker, crew)
                seconds = time.perf_counter() - begun
            segments = list(scan.segments())
            join(order.plan, order.folder(), record, segments, source.lost, scan.cuts)
        return _RunResult(seconds, len(segments), len(record.failures), _picture_digest(order.target))

    def _crew(self, order: Order) -> Crew:
        if self._where == "ray":
            return Cluster(order, "local", self._workers, self._opener)
        return Processes(order, ["cpu"] * self._workers, self._opener)

    def _warm_up(self, order: Order, source: Source, crew: Crew) -> None:
        """Let each worker make a segment, which is not recorded."""
        frames = frames_with_cuts(source, None)
        scan = Scan(source, frames, order.rule(), order.settings.margin)
        assignments = islice(scan.assignments(), self._workers)
        futures = [crew.give(worker, assignment) for worker, assignment in enumerate(assignments)]
        wait(futures)
        for future in futures:
            future.result()  # raises the error of a failed worker

    def _kill_one(self, record: Record) -> None:
        if self._kills and 2 * record.frames_done >= self._setup.case.frames:
            self._kills = False
            latest = max(record.done.values(), key=lambda done: done.at)
            os.kill(int(latest.worker.rpartition(":")[2]), signal.SIGKILL)


def _picture_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with av.open(path) as container:
        for picture in container.decode(video=0):
            digest.update(f"{picture.pts} ".encode() + picture.to_ndarray().tobytes())
    return digest.hexdigest()
