"""Which frames of a clip the costly losses look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_PURPOSE = (1, 0)  # a spawn key of its own keeps these numbers apart from those that samples are drawn with


def draw_picks(seed: int, positions: Sequence[int], frames: int, count: int) -> Tensor | None:
    """Some frames of each clip, which depend on the seed and the clip's position alone.

    Args:
        seed: of the stage.
        positions: of the clips in the whole training, as `training.data.samples` counts them.
        frames: of each clip.
        count: how many to take; 0 takes all.

    Returns:
        (N, count) int64, rising in each clip; None where all are taken.
    """
    if not 0 < count < frames:
        return None
    picks = np.empty((len(positions), count), np.int64)
    for row, position in zip(picks, positions, strict=True):
        seeds = np.random.SeedSequence([seed, position], spawn_key=_PURPOSE)
        row[:] = np.sort(np.random.Generator(np.random.PCG64(seeds)).choice(frames, count, replace=False))
    return torch.from_numpy(picks)


def picked(clips: Tensor, picks: Tensor | None) -> Tensor:
    """The picked frames of clips as single frames.

    Args:
        clips: (N, T, C, H, W).
        picks: (N, n) int64 on the CPU; None takes all.

    Returns:
        (N*n, C, H, W), those of the first clip first.
    """
    if picks is None:
        return clips.flatten(0, 1)
    places = picks + clips.shape[1] * torch.arange(len(picks))[:, None]
    return clips.flatten(0, 1)[places.flatten().to(clips.device)]
