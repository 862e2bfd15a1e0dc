"""The cost of each part of a restoration: the network's steps, the transfers, and the files."""

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

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.bench.stopwatch import best_seconds
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.network.basicvsr import enlarge
from vsrealbasicvsr.video.colour.pixels import frame_from_rgb, rgb_from_frame
from vsrealbasicvsr.video.read.source import open_source
from vsrealbasicvsr.video.write.sink import open_sink, plan_output
from vsrealbasicvsr.windows import window_at

_FILE_FRAMES = 24


@dataclass(frozen=True, slots=True)
class Part:
    """The cost of one part of a restoration."""

    name: str
    times: float
    """How often the part runs for each frame of the clip; with margins, propagation runs more than once."""
    seconds: float
    """Seconds of one run."""
    gflop: float
    """GFLOP of one run; 0 if nothing is multiplied."""
    own: float = 1.0
    """How often the part would run for each frame without margins."""

    @property
    def per_frame(self) -> float:
        """Seconds for each frame of the clip."""
        return self.times * self.seconds

    @property
    def rate(self) -> float:
        """GFLOP/s."""
        return self.gflop / self.seconds


def measure_parts(case: Case, steps: Steps, device: torch.device, eager: Steps | None = None) -> list[Part]:
    """Measure the network's steps and the transfers, each alone; a stream should take their sum.

    Args:
        case: size, frames and windows.
        steps: the steps of the case's network, with one cleaning pass per frame.
        device: the device that runs the steps.
        eager: the same steps without acceleration, to count operations, because the counter cannot look into
            graphs; None counts in `steps`.
    """
    counts, own = count_steps(case), count_steps(replace(case, margin=0))
    counted = _works(case, eager or steps, device)
    batch = steps.plan((case.height, case.width)).batch
    batches = {"cleaning": batch, "flow": batch}
    parts = []
    for name, work in _works(case, steps, device).items():
        frames = case.frames * batches.get(name, 1)
        gflop = _gflop(counted[name])
        parts.append(Part(name, counts[name] / frames, best_seconds(work, device), gflop, own[name] / frames))
    return parts


def _works(case: Case, steps: Steps, device: torch.device) -> dict[str, Callable[[], object]]:
    low = next(case.clip())
    first, second = (frame.to(device) for frame in replace(case, frames=2).clip())
    earlier, later = steps.clean([first, second])
    (motion,) = steps.motions([(earlier, later)])
    batch = steps.plan(first.shape[-2:]).batch
    backward = steps.propagate("backward", later, None, None)
    forward = steps.propagate("forward", earlier, None, None)
    large = enlarge(earlier.picture)
    works: dict[str, Callable[[], object]] = {
        "cleaning": lambda: steps.clean(batch * [first]),
        "flow": lambda: steps.motions(batch * [(earlier, later)]),
        "propagation, backward": lambda: steps.propagate("backward", earlier, backward, motion.to_earlier),
        "propagation, forward": lambda: steps.propagate("forward", later, forward, motion.to_later),
        "reconstruction": lambda: steps.reconstruct(earlier, backward, forward),
    }
    if device.type != "cpu":
        works["transfers"] = lambda: (low.to(device), large.cpu())
    return works


def count_steps(case: Case) -> dict[str, int]:
    """Return how often a stream of this case runs each part for the whole clip."""
    length = case.window or case.frames
    margin = case.margin if case.window else 0
    windows = [
        window_at(start, case.frames, window=length, margin=margin) for start in range(0, case.frames, length)
    ]
    return {
        "cleaning": case.frames,
        "flow": case.frames - 1,
        "propagation, backward": sum(window.stop - window.core_start for window in windows),
        "propagation, forward": sum(window.core_stop - window.start for window in windows),
        "reconstruction": case.frames,
        "transfers": case.frames,
    }


def _gflop(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def measure_files(case: Case) -> list[Part]:
    """Measure decoding of x264, and encoding as in `restore`, where both run in their own threads."""
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
    """Write a clip like a usual file: slightly blurred, 4:2:0 if the size allows it, x264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height = case.width, case.height
        stream.pix_fmt = "yuv444p" if case.width % 2 or case.height % 2 else "yuv420p"
        for frame in replace(case, frames=_FILE_FRAMES).clip():
            blurred = F.avg_pool2d(frame, 5, stride=1, padding=2, count_include_pad=False)
            pixels = (255 * blurred).byte().permute(1, 2, 0).contiguous().numpy()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
