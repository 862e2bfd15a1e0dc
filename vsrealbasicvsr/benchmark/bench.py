"""One case measured whole: the stream, the plain network, each part, the files, the machine and peers."""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from vsrealbasicvsr.benchmark.case import Case
from vsrealbasicvsr.benchmark.machine import machine
from vsrealbasicvsr.benchmark.parts import Part, measure_files
from vsrealbasicvsr.benchmark.quality.absent import Absent, Figure
from vsrealbasicvsr.benchmark.quality.footage import to_eight_bit
from vsrealbasicvsr.benchmark.quality.peers.peer import Peer
from vsrealbasicvsr.benchmark.quality.peers.process import PeerProcess
from vsrealbasicvsr.benchmark.speed import Speed, measure_speed
from vsrealbasicvsr.settings import Precision

NAME = "bench"
"""What reports call themselves."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What one case came to.

    Attributes:
        case: what was restored.
        precision: arithmetic of the stream.
        speed: the stream and the plain network.
        files: decoding and encoding.
        peers: seconds per frame by name.
    """

    case: Case
    precision: str
    speed: Speed
    files: list[Part]
    peers: dict[str, Figure]

    @property
    def expected(self) -> float:
        """Seconds per frame that the parts come to."""
        return sum(part.per_frame for part in self.speed.parts)


def measure(
    case: Case, *, device: str, precision: Precision, rounds: int, peers: Sequence[Peer] = ()
) -> Bench:
    """Measure one case.

    Args:
        case: what to restore.
        device: `cpu` or `cuda:N`.
        precision: arithmetic of the stream.
        rounds: turns of stream and plain network that are timed.
        peers: restore the same clip, each in a process of its own.
    """
    speed = measure_speed(case, device=device, precision=precision, rounds=rounds)
    seconds = {peer.name: _seconds(case, peer, device) for peer in peers}
    return Bench(case, precision, speed, measure_files(case), seconds)


def _seconds(case: Case, peer: Peer, device: str) -> Figure:
    low = torch.stack([to_eight_bit(frame) for frame in case.clip()])
    with tempfile.TemporaryDirectory() as folder, PeerProcess(peer, device) as process:
        done = process.restore(low, Path(folder, "restored"))
    return done if isinstance(done, Absent) else done[1].seconds


def to_text(bench: Bench) -> str:
    """A table for people."""
    case, speed = bench.case, bench.speed
    title = f"{case.width}x{case.height}, {case.frames} frames, window {case.window}, margin {case.margin}"
    lines = [
        f"{title}, {bench.precision}",
        _line("stream", speed.stream, f"{1 / speed.stream:.2f} frames/s"),
        _line("plain network, fp32", speed.plain, f"{speed.ratio:.2f} times as long"),
        *(_line(name, seconds, "") for name, seconds in bench.peers.items()),
        *_part_lines(bench),
        f"difference from the plain network at most {speed.difference:.1e} (0-1)",
        f"warm-up {speed.warm_up:.1f} s; memory {_megabytes(speed.memory)}, "
        f"device {_megabytes(speed.device_memory)}",
        f"this machine: product {speed.ceilings.product:.0f} GFLOP/s, convolution "
        f"{speed.ceilings.convolution:.0f} GFLOP/s, copy {speed.ceilings.copy:.0f} GB/s",
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, seconds: Figure, remark: str) -> str:
    if isinstance(seconds, Absent):
        return f"{name:24}          -  {seconds.reason}"
    return f"{name:24} {1000 * seconds:9.1f} ms  {remark}".rstrip()


def _part_lines(bench: Bench) -> Iterator[str]:
    for part in bench.speed.parts:
        share = f"{100 * part.per_frame / bench.expected:3.0f} %"
        rate = f", {part.rate:.0f} GFLOP/s" * bool(part.gflop)
        reached = f", {100 * part.rate / bench.speed.ceilings.convolution:.0f} % of a convolution's" * bool(
            rate
        )
        yield _line(f"  {part.name}", part.per_frame, f"{share}, {part.times:.2f} a frame{rate}{reached}")
    yield _line(
        "  together", bench.expected, f"of it the stream takes {bench.speed.stream / bench.expected:.2f}"
    )
    for part in bench.files:
        yield _line(f"  {part.name}", part.per_frame, "beside the network")


def _megabytes(figure: Figure) -> str:
    return f"unknown ({figure.reason})" if isinstance(figure, Absent) else f"{figure:.0f} MB"


def to_json(benches: Sequence[Bench], device: str) -> str:
    """A report of one run, as `benchmarks/results` keeps them; what is absent holds its reason."""
    report = {
        "benchmark": NAME,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(device),
        "results": [_record(bench) for bench in benches],
    }
    return json.dumps(report, indent=2) + "\n"


def _record(bench: Bench) -> dict[str, Any]:
    record = asdict(bench)
    derived = {"per_frame", "rate"}
    record["speed"]["parts"] = [_part(part, derived) for part in bench.speed.parts]
    record["files"] = [_part(part, derived) for part in bench.files]
    return {**record, "expected": bench.expected}


def _part(part: Part, derived: set[str]) -> dict[str, Any]:
    return asdict(part) | {name: getattr(part, name) for name in derived}
