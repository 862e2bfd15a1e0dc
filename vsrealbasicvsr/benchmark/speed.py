"""Seconds per frame: `Restorer.stream` against the plain network, in turns, in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vsrealbasicvsr.benchmark.case import Case
from vsrealbasicvsr.engine import Restorer
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


def measure_speed(case: Case, *, device: str, precision: Precision, rounds: int) -> Speed:
    """Run both sides in turns, so that a busy machine slows them alike.

    Args:
        case: what to restore.
        device: `cpu` or `cuda:N`.
        precision: arithmetic of the stream; the plain network is always fp32.
        rounds: turns that are timed; one more comes before them.
    """
    settings = Settings(window=case.window, margin=case.margin, refine=ONE_PASS, precision=precision)
    network = case.network()
    restorer = Restorer(network, settings, device=device)
    frames = torch.stack(list(case.clip())).to(device)
    network = network.to(device)

    def stream() -> Tensor:
        return torch.stack([picture.cpu() for picture in restorer.stream(frames)])

    @torch.inference_mode()
    def plain() -> Tensor:
        restored: Tensor = network(frames[None])
        return restored[0].clamp(0.0, 1.0).cpu()

    difference = (stream() - plain()).abs().max().item()
    times = [(_seconds(stream), _seconds(plain)) for _ in range(rounds)]
    best_stream, best_plain = (min(side) / case.frames for side in zip(*times, strict=True))
    return Speed(best_stream, best_plain, best_plain / best_stream, difference)


def _seconds(run: Callable[[], Tensor]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
