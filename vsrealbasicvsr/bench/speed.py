"""Seconds per frame of `Restorer.stream`, the plain network and peers, measured in turns in the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.bench.ceilings import Ceilings, measure_ceilings
from vsrealbasicvsr.bench.parts import Part, count_steps, measure_parts
from vsrealbasicvsr.bench.turns import Plain, Rival, Stream, best_of_turns
from vsrealbasicvsr.engine.device import find_device, find_dtype
from vsrealbasicvsr.engine.memory.allocator import freed_memory_kept
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.peers import peak
from vsrealbasicvsr.evaluate.peers.peer import Peer
from vsrealbasicvsr.evaluate.peers.process import Effort, PeerProcess
from vsrealbasicvsr.settings import Acceleration, Precision, Settings

ONE_PASS = 255.0
"""Refinement threshold at which stream and plain network clean every frame exactly once."""
_ON_CPU = Absent("it ran on the CPU")
_ONE_WINDOW = Absent("no margin is computed twice in this clip")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of the clip for a peer; each figure may be missing.

    Attributes:
        seconds: seconds per frame, the best of the turns.
        memory: peak resident memory of its process in the first run, MB of 1e6 bytes; it includes PyTorch and
            the source clip, but no restored frames.
        device_memory: peak memory of its tensors on the GPU in the same run, MB.
    """

    seconds: Figure
    memory: Figure
    device_memory: Figure


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Seconds before the steady state, in which memory is allocated and kernels are loaded and compiled.

    Attributes:
        making: time to make the `Restorer`.
        first_window: time of the very first stream until the frames of its first window were ready.
        steady_window: the same for the later streams, the best of the turns.
        total: warm-up and compile time: `making`, plus the time by which the first stream was slower than the
            best one.
    """

    making: float
    first_window: float
    steady_window: float
    total: float


@dataclass(frozen=True, slots=True)
class Margins:
    """The cost of margins, as a share of the cost without them.

    Attributes:
        arithmetic: additional operations of the network.
        measured: additional time, against a stream with `margin=0` that is measured in the same turns.
    """

    arithmetic: float
    measured: Figure


@dataclass(frozen=True, slots=True)
class Speed:
    """The measurements of one case; all times are the best of the turns.

    Attributes:
        stream: seconds per frame of `Restorer.stream`, including margins.
        plain: seconds per frame of `RealBasicVSR.forward` on the whole clip at once: eager, fp32, NCHW.
        peers: the costs of the peers, by name.
        times_as_fast_as_plain: the seconds of the plain network divided by those of the stream.
        gflop: GFLOP of the network itself for one frame, without margins.
        share_of_convolution: the rate of the stream over these operations, as a share of the rate of a
            convolution on this machine.
        margins: the cost of margins.
        difference: maximum absolute difference of the two outputs, 0-1 scale. With several windows it
            includes the error of limited margins.
        warm_up: warm-up of the stream.
        memory: peak resident memory of the process during the first stream, MB of 1e6 bytes; it includes
            PyTorch and the source clip, but no restored frames.
        device_memory: peak memory of tensors on the GPU during the same stream, MB.
        parts: the network's steps and the transfers; the stream should take the sum of their seconds.
        ceilings: the best rates of the machine in the precision of the stream.
    """

    stream: float
    plain: Figure
    peers: dict[str, Cost]
    times_as_fast_as_plain: Figure
    gflop: float
    share_of_convolution: float
    margins: Margins
    difference: Figure
    warm_up: WarmUp
    memory: Figure
    device_memory: Figure
    parts: list[Part]
    ceilings: Ceilings


def measure_speed(
    case: Case,
    *,
    device: str,
    precision: Precision,
    acceleration: Acceleration = "auto",
    rounds: int,
    peers: Sequence[Peer] = (),
) -> Speed:
    """Run all in turns, so that a busy machine slows all of them equally.

    Args:
        case: the clip and the network.
        device: `cpu` or `cuda:N`.
        precision: precision of the stream; the plain network is always fp32.
        acceleration: acceleration of the stream; the plain network has none.
        rounds: number of timed turns; an untimed one comes first.
        peers: peers that restore the same clip, each in its own process.

    Raises:
        RestorationError: the stream does not fit in memory. If the plain network or a peer does not fit, its
            figures are missing.
    """
    settings = Settings(
        window=case.window, margin=case.margin, refine=ONE_PASS, max_passes=1, precision=precision,
        acceleration=acceleration,
    )  # fmt: skip
    torch_device = find_device(device)
    network, frames = case.network(), torch.stack(list(case.clip()))
    _reset_peaks(torch_device)
    stream = Stream(network, settings, frames, torch_device)
    stream.run()
    memory, device_memory = _read_peaks(torch_device)
    plain = Plain(network, frames, torch_device)
    whole = plain.restore()
    difference = whole if isinstance(whole, Absent) else (stream.restore() - whole).abs().max().item()
    works: dict[str, Callable[[], Figure]] = {"stream": stream.run, "plain": plain.run}
    without_margin = None
    if count_steps(case) != count_steps(replace(case, margin=0)):
        without_margin = Stream(network, replace(settings, margin=0), frames, torch_device)
        without_margin.run()
        works["bare"] = without_margin.run
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = {peer.name: stack.enter_context(PeerProcess(peer, str(torch_device))) for peer in peers}
        rivals = {name: Rival(process, frames, folder / "restored") for name, process in processes.items()}
        best = best_of_turns(works | {f"peer {name}": rival.run for name, rival in rivals.items()}, rounds)
    dtype = find_dtype(precision, torch_device)
    steps = Steps(network, settings, torch_device, dtype)
    eager = Steps(network, replace(settings, acceleration="off"), torch_device, dtype)
    with freed_memory_kept():
        parts = measure_parts(case, steps, torch_device, eager)
    ceilings = measure_ceilings(torch_device, dtype, (case.width, case.height))
    seconds = stream.steady.clip / case.frames
    plain_seconds = _per_frame(best["plain"], case)
    gflop = sum(part.gflop * part.own for part in parts)
    return Speed(
        stream=seconds,
        plain=plain_seconds,
        peers={
            name: _cost(rival.effort, _per_frame(best[f"peer {name}"], case))
            for name, rival in rivals.items()
        },
        times_as_fast_as_plain=(
            plain_seconds if isinstance(plain_seconds, Absent) else plain_seconds / seconds
        ),
        gflop=gflop,
        share_of_convolution=gflop / seconds / ceilings.convolution,
        margins=Margins(
            arithmetic=sum(part.gflop * part.times for part in parts) / gflop - 1,
            measured=stream.steady.clip / without_margin.steady.clip - 1 if without_margin else _ONE_WINDOW,
        ),
        difference=difference,
        warm_up=_warm_up(stream),
        memory=memory,
        device_memory=device_memory,
        parts=parts,
        ceilings=ceilings,
    )


def _reset_peaks(device: torch.device) -> None:
    peak.reset()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _read_peaks(device: torch.device) -> tuple[Figure, Figure]:
    """Return the peaks of the process and of the device, MB."""
    return peak.read(), torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else _ON_CPU


def _per_frame(seconds: Figure, case: Case) -> Figure:
    return seconds if isinstance(seconds, Absent) else seconds / case.frames


def _cost(effort: Effort | Absent, seconds: Figure) -> Cost:
    if isinstance(effort, Absent):
        return Cost(effort, effort, effort)
    return Cost(seconds, effort.memory, effort.device_memory)


def _warm_up(stream: Stream) -> WarmUp:
    first, steady = stream.runs[0], stream.steady
    return WarmUp(
        making=stream.making,
        first_window=first.window,
        steady_window=steady.window,
        total=stream.making + max(first.clip - steady.clip, 0.0),
    )
