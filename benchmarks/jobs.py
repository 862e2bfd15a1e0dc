"""Jobs: what segments, journal and join add to a plain pass, and how work spreads over workers."""

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
"""Source pixels between the random values that a shot is interpolated from."""

Where = Literal["processes", "ray"]


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Opens what sleeps instead of computing, and repeats each pixel four times in both directions."""

    seconds: float
    """For each frame that comes, of context, too."""

    def __call__(self, _: Settings) -> Restorer:
        """The stand-in, as a job asks for it."""
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
        """Each frame as soon as it comes; see `Restorer.stream`."""
        for n, frame in enumerate(frames, first):
            time.sleep(self.seconds)
            if on_cleaned:
                on_cleaned(n, CleanedFrame(frame[None], 0, 0.0))
            if n >= (core_start or 0):
                yield frame.repeat_interleave(SCALE, 1).repeat_interleave(SCALE, 2)


@dataclass(frozen=True, slots=True)
class Network:
    """Opens a network of random weights that computes on the CPU."""

    case: Case

    def __call__(self, settings: Settings) -> Restorer:
        """As a job asks for it."""
        return Restorer(self.case.network(), settings)


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds of a run."""

    before: float
    """Until the first frame was encoded."""
    frames: float
    """From there until the last was."""
    after: float
    """From there until the output had its name."""

    @property
    def whole(self) -> float:
        """All of them."""
        return self.before + self.frames + self.after


@dataclass(frozen=True, slots=True)
class Overhead:
    """The best of the rounds on either side."""

    plain: Phases
    """One pass through the network into one file, as without a job."""
    job: Phases
    """`restore_file`."""
    segments: int
    overhead: float
    """Share of the time that the job adds."""


def measure_overhead(
    case: Case, *, opener: OpenRestorer, shot: int, encoder: str, rounds: int, folder: Path | None = None
) -> Overhead:
    """Restore a clip both ways in turns, so that a busy machine slows them alike.

    Args:
        case: The clip, the window and its margin.
        opener: Makes what restores.
        shot: Frames between cuts.
        encoder: Of the outputs.
        rounds: Turns that are timed.
        folder: Where to work, on the disk that is to be measured; None takes the system's temporary one.
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
    """Seconds from when all workers were ready until the last segment was recorded."""

    one: float
    several: float
    killed: float
    """Of several, one of which was killed when half of the frames were done."""
    speedup: float
    """Of several over one; their number would be perfect."""
    segments: int
    failures: int
    """Tries that failed in the run with the kill."""
    equal: bool
    """Whether all three outputs show the same pictures."""


def measure_spread(
    case: Case, *, where: Where, seconds: float, count: int, shot: int, encoder: str, segment_length: int
) -> Spread:
    """Restore a clip with one worker, with several, and with several of which one is killed; all sleep.

    Each worker makes a segment before time is taken, so that starting processes is left out.

    Args:
        case: The clip, the window and its margin.
        where: Processes of this machine, or a Ray cluster that is started on it.
        seconds: That a worker sleeps for each frame.
        count: Workers, two or more.
        shot: Frames between cuts.
        encoder: Of the outputs.
        segment_length: As `Delivery` takes it.

    Raises:
        JobError: Ray is not installed, or a segment failed again and again.
    """
    with tempfile.TemporaryDirectory() as work:
        delivery = Delivery(encoding=Encoding(encoder=encoder), segment_length=segment_length, overwrite=True)
        setup = _Setup(case, Path(work), delivery)
        setup.write_clip(shot)
        one, several, killed = (
            _Crewed(setup, name, where, Sleeper(seconds), workers, kills=name == "killed").run()
            for name, workers in (("one", 1), ("several", count), ("killed", count))
        )
    equal = one.pictures == several.pictures == killed.pictures
    ratio = one.seconds / several.seconds
    return Spread(one.seconds, several.seconds, killed.seconds, ratio, one.segments, killed.failures, equal)


@dataclass(frozen=True, slots=True)
class _Setup:
    """What all runs have in common."""

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
        """Smooth textures that pan by two pixels a frame, another one after each `shot` frames."""
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
    """(H, W, 3), uint8."""
    coarse = torch.rand(1, 3, height // _COARSE + 2, width // _COARSE + 2, generator=random)
    fine = interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0) * 255).round().to(torch.uint8)


class _Watch:
    """Notes when the first and the last frame were encoded."""

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
class _Made:
    """What a crew's run gave."""

    seconds: float
    segments: int
    failures: int
    pictures: str
    """A digest of what the output shows."""


class _Crewed:
    """One run with workers."""

    def __init__(
        self, setup: _Setup, name: str, where: Where, opener: OpenRestorer, workers: int, kills: bool
    ) -> None:
        self._setup, self._name, self._where = setup, name, where
        self._opener, self._workers, self._kills = opener, workers, kills

    def run(self) -> _Made:
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
        return _Made(seconds, len(segments), len(record.failures), _shown(order.target))

    def _crew(self, order: Order) -> Crew:
        if self._where == "ray":
            return Cluster(order, "local", self._workers, self._opener)
        return Processes(order, ["cpu"] * self._workers, self._opener)

    def _warm_up(self, order: Order, source: Source, crew: Crew) -> None:
        """A segment for each worker, which nobody records."""
        frames = frames_with_cuts(source, None)
        scan = Scan(source, frames, order.rule(), order.settings.margin)
        given = islice(scan.assignments(), self._workers)
        made = [crew.give(worker, assignment) for worker, assignment in enumerate(given)]
        wait(made)
        for future in made:
            future.result()

    def _kill_one(self, record: Record) -> None:
        if self._kills and 2 * record.frames_done >= self._setup.case.frames:
            self._kills = False
            latest = max(record.done.values(), key=lambda done: done.at)
            os.kill(int(latest.worker.rpartition(":")[2]), signal.SIGKILL)


def _shown(path: Path) -> str:
    digest = hashlib.sha256()
    with av.open(path) as container:
        for picture in container.decode(video=0):
            digest.update(f"{picture.pts} ".encode() + picture.to_ndarray().tobytes())
    return digest.hexdigest()
