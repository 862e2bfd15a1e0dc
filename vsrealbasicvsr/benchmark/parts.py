"""What each part of a restoration costs: the steps one by one, the way to the device, and the files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from vsrealbasicvsr.benchmark.case import Case
from vsrealbasicvsr.benchmark.stopwatch import best_seconds
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.network.basicvsr import enlarge
from vsrealbasicvsr.video.pixels import frame_from_rgb, rgb_from_frame
from vsrealbasicvsr.video.sink import open_sink, plan_output
from vsrealbasicvsr.video.source import open_source
from vsrealbasicvsr.windows import window_at

_FILE_FRAMES = 24


@dataclass(frozen=True, slots=True)
class Part:
    """One part's share of a frame of the clip."""

    name: str
    times: float
    """How often it is done for each frame of the clip; with margins, propagation more than once."""
    seconds: float
    """Of one time."""
    gflop: float
    """Of one time, 0 where nothing is multiplied."""

    @property
    def per_frame(self) -> float:
        """Seconds for each frame of the clip."""
        return self.times * self.seconds

    @property
    def rate(self) -> float:
        """GFLOP/s."""
        return self.gflop / self.seconds


def measure_parts(case: Case, steps: Steps, device: torch.device) -> list[Part]:
    """The network's steps and the transfers, each by itself; together they are what a stream should take.

    Args:
        case: size, frames and windows.
        steps: made of the case's network, with one cleaning pass a frame.
        device: where the steps run.
    """
    low = next(case.clip())
    first, second = (frame.to(device) for frame in replace(case, frames=2).clip())
    earlier, later = steps.clean([first, second])
    (motion,) = steps.motions([(earlier, later)])
    batch = steps.plan(first.shape[-2:]).batch
    backward = steps.propagate("backward", later, None, None)
    forward = steps.propagate("forward", earlier, None, None)
    large = enlarge(earlier.picture)
    counts = _counts(case)
    works: list[tuple[str, float, Callable[[], object]]] = [
        ("cleaning", counts.frames / batch, lambda: steps.clean(batch * [first])),
        ("flow", counts.pairs / batch, lambda: steps.motions(batch * [(earlier, later)])),
        (
            "propagation, backward",
            counts.backward,
            lambda: steps.propagate("backward", earlier, backward, motion.to_earlier),
        ),
        (
            "propagation, forward",
            counts.forward,
            lambda: steps.propagate("forward", later, forward, motion.to_later),
        ),
        ("reconstruction", counts.frames, lambda: steps.reconstruct(earlier, backward, forward)),
    ]
    if device.type != "cpu":
        works.append(("transfers", counts.frames, lambda: (low.to(device), large.cpu())))
    return [
        Part(name, count / case.frames, best_seconds(work, device), _gflop(work))
        for name, count, work in works
    ]


@dataclass(frozen=True, slots=True)
class _Counts:
    frames: int
    pairs: int
    backward: int
    forward: int


def _counts(case: Case) -> _Counts:
    """How often a stream does each step for the whole clip."""
    length = case.window or case.frames
    margin = case.margin if case.window else 0
    windows = [
        window_at(start, case.frames, window=length, margin=margin) for start in range(0, case.frames, length)
    ]
    return _Counts(
        frames=case.frames,
        pairs=case.frames - 1,
        backward=sum(window.stop - window.core_start for window in windows),
        forward=sum(window.core_stop - window.start for window in windows),
    )


def _gflop(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def measure_files(case: Case) -> list[Part]:
    """Decoding x264 and encoding as `restore` does; both run beside the network, in threads of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "source.mkv")
        _write_source(case, path)
        with open_source(path) as source:
            started = time.perf_counter()
            frames = [(frame, rgb_from_frame(frame.picture, source.info.colour)) for frame in source]
            decoding = time.perf_counter() - started
            size = (4 * case.width, 4 * case.height)
            plan = plan_output(Path(folder, "restored.mkv"), source.info, size, carry=False)
            sink = open_sink(plan)
            encoding = 0.0
            for frame, picture in frames:
                large = enlarge(picture[None])[0]
                started = time.perf_counter()
                sink.write(frame_from_rgb(large, plan.pixel_format, plan.colour), frame.pts, frame.duration)
                encoding += time.perf_counter() - started
            started = time.perf_counter()
            sink.finish()
            encoding += time.perf_counter() - started
    return [
        Part(name, 1.0, taken / _FILE_FRAMES, 0.0)
        for name, taken in (("decoding", decoding), ("encoding", encoding))
    ]


def _write_source(case: Case, path: Path) -> None:
    """A clip as files have them: not quite sharp, 4:2:0 where the size allows, x264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height = case.width, case.height
        stream.pix_fmt = "yuv444p" if case.width % 2 or case.height % 2 else "yuv420p"
        for frame in replace(case, frames=_FILE_FRAMES).clip():
            blurred = F.avg_pool2d(frame, 5, stride=1, padding=2, count_include_pad=False)
            pixels = (255 * blurred).byte().permute(1, 2, 0).contiguous().numpy()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
