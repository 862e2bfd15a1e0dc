"""The VapourSynth filter: its overhead over the engine, frames per second by requests, memory, seeks.

torch is imported only where a clip is made: on Linux a process starts with the peak of its parent process.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vsrealbasicvsr.bench.case import Case

_DISTINCT = 48
"""Frames of the synthetic clip before it repeats."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds per frame, the best of the rounds for each side."""

    engine: float
    """`Restorer.stream` over the same frames, from memory to arrays on the host."""
    filter: float
    """All frames of the clip, one request at a time, `prefetch=0`."""
    ahead: float
    """The same with `prefetch=1`."""
    overhead: float
    """The time that the filter adds, as a share of the engine's time."""
    equal: bool
    """Whether all sides gave the same bits."""


def measure_overhead(case: Case, *, device: str, rounds: int) -> Overhead:
    """Run the sides in turns, so that a busy machine slows them equally; an untimed turn comes first.

    Args:
        case: the clip and the network.
        device: `cpu` or `cuda:N`.
        rounds: number of timed turns.
    """
    import torch

    from vsrealbasicvsr.engine import Restorer
    from vsrealbasicvsr.settings import Settings

    settings = Settings(device=device, precision="fp32", window=case.window, margin=case.margin)
    restorer = Restorer(case.network(), settings)
    frames = [torch.from_numpy(picture) for picture in _pictures(case)]
    looped = [frames[n % len(frames)] for n in range(case.frames)]
    with _weights(case) as model:
        clips = [restored(case, model, prefetch=prefetch, device=device) for prefetch in (0, 1)]
        sides: list[Callable[[], Iterator[Any]]] = [
            lambda: (picture.cpu().numpy() for picture in restorer.stream(looped)),
            lambda: clips[0].frames(prefetch=1, close=True),
            lambda: clips[1].frames(prefetch=1, close=True),
        ]
        equal = all(
            np.array_equal(picture, _pixels(frame)) and np.array_equal(picture, _pixels(other))
            for picture, frame, other in zip(*(side() for side in sides), strict=True)
        )
        times = []
        for _ in range(rounds):
            for clip in clips:
                _forget(clip)
            times.append([_seconds(side) for side in sides])
    engine, plain, ahead = (min(side) / case.frames for side in zip(*times, strict=True))
    return Overhead(engine, plain, ahead, plain / engine - 1, equal)


@dataclass(frozen=True, slots=True)
class Pipe:
    """One run of vspipe."""

    seconds: float
    """Seconds that vspipe reports, from the first request to the last frame."""
    rate: float
    """Frames per second."""
    windows: int
    """Restored windows: fewer than the clip has are an error; more mean that some were restored twice."""
    bytes: int
    """Peak resident memory."""


def run_pipe(case: Mapping[str, int], *, requests: int = 1, cache: int | None = None) -> Pipe:
    """Restore a synthetic clip in vspipe, which discards the frames.

    Args:
        case: the fields of `vsrealbasicvsr.bench.case.Case`.
        requests: the option `-r` of vspipe.
        cache: VapourSynth's cache limit in MiB; None keeps the default.

    Raises:
        RuntimeError: vspipe failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, counted = Path(folder, "clip.vpy"), Path(folder, "windows")
        call = f"benchmark.scripted({json.dumps(dict(case))!r}, {str(counted)!r}, {cache})"
        script.write_text(f"from benchmarks import filter as benchmark\n{call}.set_output()\n")
        vspipe = Path(vs.__file__).parent / "vspipe"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[1])}
        process = subprocess.Popen(
            [vspipe, "-r", str(requests), script, "."], stderr=subprocess.PIPE, text=True, env=environment
        )
        assert process.stderr is not None
        with process.stderr:
            messages = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)  # instead of `wait`, because it returns the peak memory
        process.returncode = os.waitstatus_to_exitcode(status)
        summary = re.search(r"Output (\d+) frames in ([\d.]+) seconds", messages)
        if process.returncode or summary is None:
            raise RuntimeError(f"vspipe ended with {process.returncode}: {messages}")
        windows = len(counted.read_text().split())
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # macOS counts bytes, Linux KiB
    return Pipe(float(summary[2]), int(summary[1]) / float(summary[2]), windows, peak)


def scripted(case: str, counted: str, cache: int | None) -> vs.VideoNode:
    """Return the clip of a script that `run_pipe` wrote.

    Args:
        case: the fields of `vsrealbasicvsr.bench.case.Case` as JSON.
        counted: a file that gets a line for each window.
        cache: VapourSynth's cache limit in MiB.
    """
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.filter.worker import Worker

    restore = Worker.restore

    def counting(self: Worker, window: Any, *arguments: Any, **keywords: Any) -> Iterator[Any]:
        with Path(counted).open("a") as file:
            file.write(f"{window.core_start}\n")
        return restore(self, window, *arguments, **keywords)

    Worker.restore = counting  # type: ignore[assignment, method-assign] # this process has no other purpose
    if cache is not None:
        vs.core.max_cache_size = cache
    chosen = Case(**json.loads(case))
    model = Path(counted).with_name("model.safetensors")
    _write_weights(chosen, model)
    return restored(chosen, model)


@dataclass(frozen=True, slots=True)
class Seeks:
    """The results of many random seeks."""

    seeks: int
    seconds: float
    wrong: int
    """Frames that differ from those of a forward run."""
    early: int
    """Resident memory after a sixth of the time, in bytes."""
    late: int
    """Resident memory at the end."""


def storm(case: Case, *, seconds: float, threads: int, rate: float) -> Seeks:
    """Request random frames from several threads, and compare each bit by bit with that of a forward run.

    Args:
        case: a small clip and network.
        seconds: duration of the requests.
        threads: number of threads.
        rate: seeks per second of all threads together; a slow machine does fewer.

    Raises:
        RuntimeError: a thread has not ended within a minute after the end.
    """
    with _weights(case) as model:
        expected = _frames(restored(case, model))
        clip = restored(case, model)
        end = time.monotonic() + seconds
        counts, wrong = [0] * threads, [0] * threads

        def seek(number: int) -> None:
            chance = random.Random(number)
            while (started := time.monotonic()) < end:
                n = chance.randrange(case.frames)
                with clip.get_frame(n) as frame:
                    wrong[number] += not np.array_equal(_pixels(frame), expected[n])
                counts[number] += 1
                time.sleep(max(0.0, started + threads / rate - time.monotonic()))

        started = time.monotonic()
        seekers = [threading.Thread(target=seek, args=(n,), daemon=True) for n in range(threads)]
        for seeker in seekers:
            seeker.start()
        time.sleep(seconds / 6)
        early = _resident()
        for seeker in seekers:
            seeker.join(max(0.0, end + 60 - time.monotonic()))
        if any(seeker.is_alive() for seeker in seekers):
            raise RuntimeError("a seek did not come back within a minute: the filter hangs.")
        return Seeks(sum(counts), time.monotonic() - started, sum(wrong), early, _resident())


def restored(case: Case, model: Path, *, prefetch: int = 1, device: str = "cpu") -> vs.VideoNode:
    """Return the filter over the clip of the case; the clip repeats after `_DISTINCT` frames."""
    from vsrealbasicvsr.filter import realbasicvsr

    pictures = _pictures(case)
    blank = vs.core.std.BlankClip(
        format=vs.RGBS, width=case.width, height=case.height, length=len(pictures), keep=True
    )

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.asarray(frame[plane])[:] = pictures[n][plane]
        return frame

    clip = blank.std.ModifyFrame(blank, fill).std.Loop(-(-case.frames // len(pictures)))[: case.frames]
    return realbasicvsr(
        clip, device, model, window=case.window, margin=case.margin, cuts=None, prefetch=prefetch
    )


def _pictures(case: Case) -> list[NDArray[np.float32]]:
    """Return the first frames of the case's clip, each (3, H, W)."""
    return [picture.numpy() for picture in islice(case.clip(), _DISTINCT)]


def _forget(clip: vs.VideoNode) -> None:
    """Clear the caches of a clip's nodes."""
    clip.clear_cache()
    vs.core.clear_cache()


@contextmanager
def _weights(case: Case) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.safetensors")
        _write_weights(case, model)
        yield model


def _write_weights(case: Case, model: Path) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in case.network().state_dict().items()}, model)


def _frames(clip: vs.VideoNode) -> list[Any]:
    return [_pixels(frame) for frame in clip.frames(prefetch=1, close=True)]


def _pixels(frame: vs.VideoFrame) -> Any:
    return np.stack([np.asarray(frame[plane]) for plane in range(3)])


def _seconds(side: Callable[[], Iterator[object]]) -> float:
    started = time.perf_counter()
    for _ in side():
        pass
    return time.perf_counter() - started


def _resident() -> int:
    """Return the resident memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
