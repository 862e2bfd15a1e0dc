"""Degradation of a ground truth to a low-quality clip of a quarter of its size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vsrealbasicvsr.evaluate.degrade.codec import Frame, jpeg, x264
from vsrealbasicvsr.evaluate.degrade.recipe import Recipe, Spoiling
from vsrealbasicvsr.evaluate.filters import Picture, averaged, blurred, reduced

_SCALE = 4
_SEED = 0


def degrade(frames: Sequence[Frame], recipe: Recipe) -> list[Frame]:
    """Degrade a clip; the same frames give the same result.

    A result also depends on the other frames of the clip, because noise and encoder run through all of them.

    Args:
        frames: the ground truth, each (H, W, 3) RGB, with sides that are multiples of 4.
        recipe: how to degrade it.

    Returns:
        As many frames, each (H / 4, W / 4, 3).
    """
    if recipe.spoiling is None:
        return [_rounded(reduced(frame.astype(np.float64), _SCALE)) for frame in frames]
    return _spoilt(frames, recipe.spoiling)


def _spoilt(frames: Sequence[Frame], spoiling: Spoiling) -> list[Frame]:
    random = np.random.Generator(np.random.PCG64(_SEED))

    def noisy(picture: Picture, deviation: float) -> Frame:
        return _rounded(picture + deviation * random.standard_normal(picture.shape))

    halves = [
        noisy(averaged(blurred(frame.astype(np.float64), spoiling.first_blur)), spoiling.first_noise)
        for frame in frames
    ]
    quarters = [
        noisy(reduced(blurred(frame.astype(np.float64), spoiling.second_blur), 2), spoiling.second_noise)
        for frame in jpeg(halves, spoiling.jpeg)
    ]
    return x264(quarters, spoiling.crf, spoiling.preset)


def _rounded(picture: Picture) -> Frame:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
