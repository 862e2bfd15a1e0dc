"""The benchmark of one case: the stream, the plain network, peers, each part, the files and the machine."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.bench.machine import machine
from vsrealbasicvsr.bench.parts import Part, measure_files
from vsrealbasicvsr.bench.speed import Cost, Speed, measure_speed
from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.peers.peer import Peer
from vsrealbasicvsr.settings import Acceleration, Precision

NAME = "bench"
"""The name of this benchmark in its reports."""
GOALS = {"times_as_fast_as_plain": 1.6, "share_of_convolution": 0.85}
"""The minimum values that the stream should reach."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The results of one case.

    Attributes:
        case: the clip and the network.
        precision: precision of the stream.
        acceleration: acceleration of the stream.
        speed: results of the stream, the plain network and peers.
        files: cost of decoding and encoding.
    """

    case: Case
    precision: Precision
    acceleration: Acceleration
    speed: Speed
    files: list[Part]

    @property
    def expected(self) -> float:
        """Seconds per frame of the network's parts and the transfers together."""
        return sum(part.per_frame for part in self.speed.parts)

    def share(self, part: Part) -> float:
        """Return the share of a part in the seconds of all parts, including the files.

        The work on files runs beside the network.
        """
        return part.per_frame / (self.expected + sum(file.per_frame for file in self.files))


def measure(
    case: Case,
    *,
    device: str,
    precision: Precision,
    acceleration: Acceleration = "auto",
    rounds: int,
    peers: Sequence[Peer] = (),
) -> Bench:
    """Measure one case; see `measure_speed` for the arguments."""
    speed = measure_speed(
        case, device=device, precision=precision, acceleration=acceleration, rounds=rounds, peers=peers
    )
    return Bench(case, precision, acceleration, speed, measure_files(case))


def to_text(bench: Bench) -> str:
    """Return a table for people."""
    case, speed, warm_up = bench.case, bench.speed, bench.speed.warm_up
    title = f"{case.width}x{case.height}, {case.frames} frames, window {case.window}, margin {case.margin}"
    lines = [
        f"{title}, {bench.precision}, acceleration {bench.acceleration}",
        _line("stream", speed.stream, _rate(speed.stream)),
        _line("plain network, fp32", speed.plain, _rate(speed.plain)),
        *(_line(name, cost.seconds, _peer_remark(cost)) for name, cost in speed.peers.items()),
        *_part_lines(bench),
        f"stream against the plain network: {_number(speed.times_as_fast_as_plain, '.2f')} times as fast "
        f"(goal {GOALS['times_as_fast_as_plain']})",
        f"stream against the convolution below: {100 * speed.share_of_convolution:.0f} % of its rate, "
        f"over the network's own {speed.gflop:.4g} GFLOP a frame "
        f"(goal {100 * GOALS['share_of_convolution']:.0f} %)",
        _margin_line(speed),
        f"difference from the plain network: at most {_number(speed.difference, '.1e')} (0-1)",
        f"warm-up and compile time {warm_up.total:.2f} s: made in {warm_up.making:.2f} s, "
        f"the first window in {warm_up.first_window:.2f} s, later in {warm_up.steady_window:.2f} s",
        f"peak memory {_megabytes(speed.memory)}, device {_megabytes(speed.device_memory)}",
        f"this machine: product {speed.ceilings.product:.0f} GFLOP/s, convolution "
        f"{speed.ceilings.convolution:.0f} GFLOP/s, copy {speed.ceilings.copy:.0f} GB/s",
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, seconds: Figure, remark: str) -> str:
    if isinstance(seconds, Absent):
        return f"{name:24}          -  {seconds.reason}"
    return f"{name:24} {1000 * seconds:9.1f} ms  {remark}".rstrip()


def _rate(seconds: Figure) -> str:
    return "" if isinstance(seconds, Absent) else f"{1 / seconds:.2f} frames/s"


def _peer_remark(cost: Cost) -> str:
    return f"{_rate(cost.seconds)}, peak memory {_megabytes(cost.memory)}"


def _part_lines(bench: Bench) -> Iterator[str]:
    for part in bench.speed.parts:
        rate = f", {part.rate:.0f} GFLOP/s" * bool(part.gflop)
        reached = f", {100 * part.rate / bench.speed.ceilings.convolution:.0f} % of a convolution's" * bool(
            rate
        )
        yield _line(
            f"  {part.name}",
            part.per_frame,
            f"{_share(bench, part)}, {part.times:.2f} a frame{rate}{reached}",
        )
    for part in bench.files:
        yield _line(f"  {part.name}", part.per_frame, f"{_share(bench, part)}, beside the network")
    taken = bench.speed.stream / bench.expected
    yield _line("  all but the files", bench.expected, f"of it the stream takes {taken:.2f}")


def _share(bench: Bench, part: Part) -> str:
    return f"{100 * bench.share(part):3.0f} %"


def _margin_line(speed: Speed) -> str:
    measured = speed.margins.measured
    time = _number(measured if isinstance(measured, Absent) else 100 * measured, ".1f")
    unit = "" if isinstance(measured, Absent) else " %"
    operations = f"{100 * speed.margins.arithmetic:.1f} %"
    return f"margins add {operations} of operations, of the time as measured {time}{unit}"


def _number(figure: Figure, form: str) -> str:
    return f"- ({figure.reason})" if isinstance(figure, Absent) else format(figure, form)


def _megabytes(figure: Figure) -> str:
    return f"unknown ({figure.reason})" if isinstance(figure, Absent) else f"{figure:.0f} MB"


def to_json(benches: Sequence[Bench], device: str) -> str:
    """Return a report of one run, as in `benchmarks/results`; a missing figure is its reason."""
    report = {
        "benchmark": NAME,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(device),
        "goals": GOALS,
        "results": [_record(bench) for bench in benches],
    }
    return json.dumps(report, indent=2) + "\n"


def _record(bench: Bench) -> dict[str, Any]:
    record = asdict(bench)
    record["speed"]["frames_per_second"] = 1 / bench.speed.stream
    record["speed"]["parts"] = [_part(bench, part) for part in bench.speed.parts]
    record["files"] = [_part(bench, part) for part in bench.files]
    return {**record, "expected": bench.expected}


def _part(bench: Bench, part: Part) -> dict[str, Any]:
    derived = {"per_frame": part.per_frame, "rate": part.rate, "share": bench.share(part)}
    return asdict(part) | derived
