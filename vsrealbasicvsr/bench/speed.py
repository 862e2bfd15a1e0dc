"""Seconds per frame: `Restorer.stream`, the plain network and peers, in turns, in the same run."""

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
"""Refinement threshold at which both sides clean every frame exactly once."""
_ON_CPU = Absent("it ran on the CPU")
_ONE_WINDOW = Absent("no margin is computed twice in this clip")


@dataclass(frozen=True, slots=True)
class Cost:
    """What restoring the clip took a peer; each figure may be absent.

    Attributes:
        seconds: per frame, the best of the turns.
        memory: highest resident memory of its process the first time, MB of 1e6 bytes, PyTorch and the source
            clip included, restored frames not.
        device_memory: highest memory of its tensors on the GPU meanwhile, MB.
    """

    seconds: Figure
    memory: Figure
    device_memory: Figure


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What comes before the steady state, in seconds: memory is taken, kernels are loaded and compiled.

    Attributes:
        making: the `Restorer` took.
        first_window: the first stream of all took until the frames of its first window were out.
        steady_window: the same, the best of the turns.
        total: warm-up and compile time: making, and what the first stream took longer than the best one.
    """

    making: float
    first_window: float
    steady_window: float
    total: float


@dataclass(frozen=True, slots=True)
class Margins:
    """What margins add, as a share of what is there without them.

    Attributes:
        arithmetic: of the network's operations.
        measured: of the time, against a stream with `margin=0` that had its turns, too.
    """

    arithmetic: float
    measured: Figure


@dataclass(frozen=True, slots=True)
class Speed:
    """All that was timed for one case.

    Attributes:
        stream: seconds per frame of `Restorer.stream`, margins included; as all, the best of the turns.
        plain: seconds per frame of `RealBasicVSR.forward` on the whole clip at once: eager, fp32, NCHW.
        peers: by name.
        times_as_fast_as_plain: the plain network's seconds over the stream's.
        gflop: the network's own operations for a frame, without margins, 1e9.
        share_of_convolution: of the rate of a convolution on this machine, reached over these operations.
        margins: what they add.
        difference: largest absolute difference of the two outputs, 0-1 scale. With several windows it
            includes what the margins leave out.
        warm_up: of the stream.
        memory: highest resident memory of the process during the first stream, MB of 1e6 bytes, PyTorch and
            the source clip included, restored frames not.
        device_memory: highest memory of tensors on the GPU meanwhile, MB.
        parts: the network's steps and the transfers; what they come to for a frame is what the stream should
            take.
        ceilings: in the stream's precision.
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
    """Run all in turns, so that a busy machine slows them alike.

    Args:
        case: what to restore.
        device: `cpu` or `cuda:N`.
        precision: arithmetic of the stream; the plain network is always fp32.
        acceleration: how the stream's parts are run; the plain network's are not.
        rounds: turns that are timed; one more comes before them.
        peers: restore the same clip, each in a process of its own.

    Raises:
        RestorationError: the stream does not fit. Of the plain network and of peers that is told.
    """
    settings = Settings(
        window=case.window, margin=case.margin, refine=ONE_PASS, max_passes=1, precision=precision,
        acceleration=acceleration,
    )  # fmt: skip
    on = find_device(device)
    network, frames = case.network(), torch.stack(list(case.clip()))
    _reset_peaks(on)
    stream = Stream(network, settings, frames, on)
    stream.run()
    memory, device_memory = _read_peaks(on)
    plain = Plain(network, frames, on)
    whole = plain.restore()
    difference = whole if isinstance(whole, Absent) else (stream.restore() - whole).abs().max().item()
    works: dict[str, Callable[[], Figure]] = {"stream": stream.run, "plain": plain.run}
    without = replace(case, margin=0)
    bare = None
    if count_steps(case) != count_steps(without):
        bare = Stream(network, replace(settings, margin=0), frames, on)
        bare.run()
        works["bare"] = bare.run
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = {peer.name: stack.enter_context(PeerProcess(peer, str(on))) for peer in peers}
        rivals = {name: Rival(one, frames, folder / "restored") for name, one in processes.items()}
        best = best_of_turns(works | {f"peer {name}": one.run for name, one in rivals.items()}, rounds)
    dtype = find_dtype(precision, on)
    steps, eager = (
        Steps(network, one, on, dtype) for one in (settings, replace(settings, acceleration="off"))
    )
    with freed_memory_kept():
        parts = measure_parts(case, steps, on, eager)
    ceilings = measure_ceilings(on, dtype, (case.width, case.height))
    seconds = stream.steady.clip / case.frames
    plainly = _per_frame(best["plain"], case)
    gflop = sum(part.gflop * part.own for part in parts)
    return Speed(
        stream=seconds,
        plain=plainly,
        peers={
            name: _cost(one.effort, _per_frame(best[f"peer {name}"], case)) for name, one in rivals.items()
        },
        times_as_fast_as_plain=plainly if isinstance(plainly, Absent) else plainly / seconds,
        gflop=gflop,
        share_of_convolution=gflop / seconds / ceilings.convolution,
        margins=Margins(
            arithmetic=sum(part.gflop * part.times for part in parts) / gflop - 1,
            measured=stream.steady.clip / bare.steady.clip - 1 if bare else _ONE_WINDOW,
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
    """Of the process and of the device, MB."""
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
