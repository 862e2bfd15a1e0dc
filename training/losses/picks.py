"""Random choice of the frames of a clip for the losses that take much time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_PURPOSE = (1, 0)  # its own spawn key makes these random numbers differ from those of the samples


def draw_picks(seed: int, positions: Sequence[int], frames: int, count: int) -> Tensor | None:
    """Draw some frames of each clip. They depend only on the seed and the clip's position.

    Args:
        seed: seed of the stage.
        positions: positions of the clips in the whole training, as `training.data.samples` counts them.
        frames: number of frames of each clip.
        count: number of frames to draw; 0 means all.

    Returns:
        (N, count) int64, rising in each clip; None means all frames.
    """
    if not 0 < count < frames:
        return None
    picks = np.empty((len(positions), count), np.int64)
    for row, position in zip(picks, positions, strict=True):
        seeds = np.random.SeedSequence([seed, position], spawn_key=_PURPOSE)
        row[:] = np.sort(np.random.Generator(np.random.PCG64(seeds)).choice(frames, count, replace=False))
    return torch.from_numpy(picks)


def picked(clips: Tensor, picks: Tensor | None) -> Tensor:
    """Return the picked frames of clips as single frames.

    Args:
        clips: (N, T, C, H, W).
        picks: (N, n) int64 on the CPU; None means all frames.

    Returns:
        (N*n, C, H, W), the frames of the first clip first.
    """
    if picks is None:
        return clips.flatten(0, 1)
    places = picks + clips.shape[1] * torch.arange(len(picks))[:, None]
    return clips.flatten(0, 1)[places.flatten().to(clips.device)]
