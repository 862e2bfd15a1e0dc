"""The bridge to ffmpeg: its overhead over `restore`, the rate of its pipes, the memory of its processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.stream import VideoStream
from safetensors.torch import save_file

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.ffmpeg.halves.rehearsal import Pictures
from vsrealbasicvsr.ffmpeg.halves.wire import PictureReader, PictureWriter, pipe_input
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg

_RATE = 25
_POLL = 0.01
"""Seconds between readings of the processes' memory."""
_PROCESSES = {"pipe:1": "decode half", "pipe:0": "encode half", "vsrealbasicvsr.cli": "vsrealbasicvsr"}
"""Names of processes, each by a word in the command line of the process."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds from start to end, the best of the rounds for each side."""

    restore: float
    """`vsrealbasicvsr restore`."""
    bridge: float
    """`vsrealbasicvsr ffmpeg` with the same clip, network, encoder and quality."""
    overhead: float
    """The time that the bridge adds, as a share of the time of `restore`."""
    peaks: Mapping[str, int]
    """Peak resident memory of each side's processes, in bytes."""


def measure_overhead(case: Case, *, ffmpeg: str | None, rounds: int) -> Overhead:
    """Run both commands on the CPU, in turns, so that a busy machine slows them equally.

    Args:
        case: The clip and the network.
        ffmpeg: Name or path of the program; None takes the one on the PATH.
        rounds: Number of timed turns.

    Raises:
        JobError: there is no such ffmpeg.
        RuntimeError: one of the commands failed.
    """
    program = FFmpeg.find(ffmpeg)
    with tempfile.TemporaryDirectory() as folder:
        clip, model = Path(folder, "clip.mkv"), Path(folder, "model.safetensors")
        _write_clip(case, clip)
        save_file({name: tensor.contiguous() for name, tensor in case.network().state_dict().items()}, model)
        settings = {"model": model, "device": "cpu", "window": case.window, "margin": case.margin}
        node = "realbasicvsr=" + ":".join(f"{name}={value}" for name, value in settings.items())
        options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        sides = {
            "restore": [
                "restore",
                str(clip),
                f"{folder}/restored.mkv",
                "--overwrite",
                "--crf",
                "16",
                *options,
            ],
            "bridge": [
                *(
                    "ffmpeg",
                    "--ffmpeg",
                    program.path,
                    "-y",
                    "-loglevel",
                    "error",
                    "-nostats",
                    "-i",
                    str(clip),
                ),
                *("-vf", node, "-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p10le"),
                f"{folder}/bridged.mkv",
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in sides}
        peaks: dict[str, int] = {}
        for _ in range(rounds):
            for name, words in sides.items():
                seconds, seen = _watched(words)
                times[name].append(seconds)
                for process, peak in seen.items():
                    key = f"{name}: {process}"
                    peaks[key] = max(peak, peaks.get(key, 0))
    restore, bridge = min(times["restore"]), min(times["bridge"])
    return Overhead(restore, bridge, bridge / restore - 1, peaks)


@dataclass(frozen=True, slots=True)
class Pipes:
    """Megabytes of pictures per second."""

    read: float
    """From an ffmpeg that generates the pictures."""
    written: float
    """To an ffmpeg that discards the pictures."""


def measure_pipes(size: tuple[int, int], frames: int, *, ffmpeg: str | None) -> Pipes:
    """Pass 8-bit 4:2:0 pictures through each pipe of the bridge, without any other work.

    Args:
        size: Width and height.
        frames: Number of pictures for each direction.
        ffmpeg: Name or path of the program; None takes the one on the PATH.

    Raises:
        JobError: there is no such ffmpeg.
    """
    program = FFmpeg.find(ffmpeg)
    megabytes = size[0] * size[1] * 1.5 * frames / 1e6
    shape, clock = f"{size[0]}x{size[1]}", Fraction(1, _RATE)
    pictures = Pictures("yuv420p", size, None, clock, Fraction(_RATE), False, {}, None, None)
    source = ["-f", "lavfi", "-i", f"color=s={shape}:r={_RATE},format=yuv420p", "-frames:v", str(frames)]
    words = [program.path, "-v", "error", *source, "-c:v", "rawvideo", "-f", "nut", "pipe:1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as decode:
        assert decode.stdout is not None
        started = 0.0
        for number, frame in enumerate(PictureReader(decode.stdout, pictures, early=0)):
            started = started or time.perf_counter()  # the clock starts with the first picture
            if number == 0:
                picture = frame.picture
        read = time.perf_counter() - started
    words = [program.path, "-v", "error", *pipe_input(program, [], None, None), "-f", "null", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as encode:
        assert encode.stdin is not None
        writer = PictureWriter(
            encode.stdin,
            picture,
            time_base=clock,
            rate=Fraction(_RATE),
            metadata={},
            disposition=Disposition(0),
        )
        started = time.perf_counter()
        for number in range(frames):
            writer.write(picture, number)
        writer.close()
        encode.stdin.close()
        encode.wait()
        written = time.perf_counter() - started
    return Pipes(megabytes / read, megabytes / written)


def _write_clip(case: Case, path: Path) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=_RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = case.width, case.height, "yuv444p"
        for picture in case.clip():
            pixels = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")))
        container.mux(stream.encode(None))


def _watched(arguments: list[str]) -> tuple[float, dict[str, int]]:
    """Run a command; return its seconds, and the peaks in bytes of our process and of its ffmpegs."""
    started = time.perf_counter()
    peaks: dict[int, tuple[str, int]] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "vsrealbasicvsr.cli", *arguments], stderr=subprocess.PIPE
    ) as run:
        assert run.stderr is not None
        os.set_blocking(run.stderr.fileno(), False)  # reading must not delay the next look at memory
        messages = b""
        while run.poll() is None:
            messages += run.stderr.read() or b""
            for process in (run.pid, *_children(run.pid)):
                if named_peak := _peak(process):
                    peaks[process] = named_peak
            time.sleep(_POLL)
        seconds = time.perf_counter() - started
        messages += run.stderr.read() or b""
    if run.returncode:
        raise RuntimeError(f"vsrealbasicvsr {arguments[0]} failed: {messages.decode(errors='replace')}")
    peaks_by_name: dict[str, int] = {}
    for name, peak in peaks.values():
        peaks_by_name[name] = max(peak, peaks_by_name.get(name, 0))
    return seconds, peaks_by_name


def _children(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:  # the thread has ended
            continue


def _peak(process: int) -> tuple[str, int] | None:
    """Return the name of a process and its peak; None if it is ending or does not matter."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return None
    lines = dict(line.split(":", 1) for line in status.splitlines())
    # An ending process loses its memory first: its command line becomes empty, then its peak is missing.
    if "VmHWM" not in lines or words == [""] or "-version" in words:
        return None
    name = next((name for word, name in _PROCESSES.items() if word in words), "rehearsal")
    return name, int(lines["VmHWM"].split()[0]) * 1024
