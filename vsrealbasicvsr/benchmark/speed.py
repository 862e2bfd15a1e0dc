"""Seconds per frame: `Restorer.stream` against the plain network, in turns, in the same run."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from vsrealbasicvsr.benchmark.case import Case
from vsrealbasicvsr.benchmark.ceilings import Ceilings, measure_ceilings
from vsrealbasicvsr.benchmark.parts import Part, measure_parts
from vsrealbasicvsr.benchmark.quality.absent import Absent, Figure
from vsrealbasicvsr.benchmark.quality.peers import peak
from vsrealbasicvsr.benchmark.stopwatch import seconds
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.engine.device import find_device, find_dtype
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.settings import Precision, Settings

ONE_PASS = 255.0
"""Refinement threshold at which both sides clean every frame exactly once."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The best of the rounds on either side."""

    stream: float
    """Seconds per frame of `Restorer.stream`, margins included."""
    plain: float
    """Seconds per frame of `RealBasicVSR.forward` on the whole clip at once: eager, fp32, NCHW."""
    ratio: float
    """How many times faster the stream is."""
    difference: float
    """Largest absolute difference of the two outputs, 0-1 scale. With several windows it includes what
    the margins leave out."""
    warm_up: float
    """Seconds that the first stream took longer than the best one, making the `Restorer` included."""
    memory: Figure
    """Highest resident memory of the process during the first stream, MB of 1e6 bytes, PyTorch and the
    source clip included, restored frames not."""
    device_memory: Figure
    """Highest memory of tensors on the GPU meanwhile, MB."""
    parts: list[Part]
    """The network's steps and the transfers; what they come to for a frame is what the stream should take."""
    ceilings: Ceilings
    """In the stream's precision."""


def measure_speed(case: Case, *, device: str, precision: Precision, rounds: int) -> Speed:
    """Run both sides in turns, so that a busy machine slows them alike.

    Args:
        case: what to restore.
        device: `cpu` or `cuda:N`.
        precision: arithmetic of the stream; the plain network is always fp32.
        rounds: turns that are timed; one more comes before them.
    """
    settings = Settings(window=case.window, margin=case.margin, refine=ONE_PASS, precision=precision)
    on = find_device(device)
    network = case.network()
    frames = torch.stack(list(case.clip()))
    cuda = on.type == "cuda"
    peak.reset()
    if cuda:
        torch.cuda.reset_peak_memory_stats(on)
    started = time.perf_counter()
    restorer = Restorer(network, settings, device=device)
    for picture in restorer.stream(frames):
        picture.cpu()
    first = time.perf_counter() - started
    memory = peak.read()
    device_memory: Figure = torch.cuda.max_memory_allocated(on) / 1e6 if cuda else Absent("it ran on the CPU")
    whole = frames.to(on)[None]
    network = network.to(on)

    def stream() -> Tensor:
        return torch.stack([picture.cpu() for picture in restorer.stream(frames)])

    @torch.inference_mode()
    def plain() -> Tensor:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # fp32 as it is called
            restored: Tensor = network(whole)
        return restored[0].clamp(0.0, 1.0).cpu()

    difference = (stream() - plain()).abs().max().item()
    times = [(seconds(stream, on), seconds(plain, on)) for _ in range(rounds)]
    best_stream, best_plain = (min(side) / case.frames for side in zip(*times, strict=True))
    dtype = find_dtype(precision, on)
    steps = Steps(network, settings, on, dtype)
    return Speed(
        stream=best_stream,
        plain=best_plain,
        ratio=best_plain / best_stream,
        difference=difference,
        warm_up=first - best_stream * case.frames,
        memory=memory,
        device_memory=device_memory,
        parts=measure_parts(case, steps, on),
        ceilings=measure_ceilings(on, dtype, (case.width, case.height)),
    )
