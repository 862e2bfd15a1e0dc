"""Degradation of a training batch on its device. Only video compression runs on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from training.degradation.compression import compress
from training.degradation.device.clip import Clip, Encoded
from training.degradation.old.disc import through_disc
from training.degradation.old.parameters import Disc
from training.degradation.parameters import Parameters
from training.errors import TrainingError


def degrade_batch(truths: Tensor, parameters: Sequence[Parameters]) -> Tensor:
    """Apply to every clip the operations that were drawn for it (specification, sections 7.3-7.5).

    The result is equal to that of `training.degradation.apply.apply`, except for the rounding of float32. All
    clips that have reached a compression are encoded and decoded at the same time, in one thread each.

    Args:
        truths: (N, T, 3, H, W) float32 RGB, 0-1, already sharpened if desired, on any device; not changed.
        parameters: parameters of each clip.

    Returns:
        (N, T, 3, h, w) uint8 on the same device.

    Raises:
        TrainingError: parameters were drawn for another number of frames, or an encoder fails.
    """
    frames = truths.shape[1]
    if any(drawn.frames != frames for drawn in parameters):
        lengths = ", ".join(str(drawn.frames) for drawn in parameters)
        raise TrainingError(
            f"The degradations were drawn for clips of {lengths} frames, but these have {frames}."
        )
    clips = [Clip(truth, drawn.operations) for truth, drawn in zip(truths, parameters, strict=True)]
    waiting = _advance(clips)
    with ThreadPoolExecutor(max_workers=len(clips), thread_name_prefix="compression") as pool:
        while waiting:
            list(pool.map(_compress, waiting, waiting.values()))
            waiting = _advance(list(waiting))
    return torch.stack([clip.finished() for clip in clips])


def _advance(clips: Sequence[Clip]) -> dict[Clip, Encoded]:
    """Process the clips up to their next compression; return those that have one."""
    reached = {clip: clip.advance() for clip in clips}
    return {clip: compression for clip, compression in reached.items() if compression is not None}


def _compress(clip: Clip, compression: Encoded) -> None:
    match compression:
        case Disc():
            clip.replace(through_disc(clip.pixels(wraps=False), compression))
        case _:
            clip.replace(compress(clip.pixels(compression.wraps), compression))
