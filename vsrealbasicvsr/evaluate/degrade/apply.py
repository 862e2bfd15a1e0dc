"""From a ground truth to a low-quality clip a quarter of its size."""

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

    Which frames there are matters, for noise and the encoder run through the clip.

    Args:
        frames: the ground truth, (H, W, 3) RGB each, sides multiples of 4.
        recipe: how.

    Returns:
        As many frames, (H / 4, W / 4, 3).
    """
    if recipe.spoiling is None:
        return [_rounded(reduced(frame.astype(np.float64), _SCALE)) for frame in frames]
    return _spoilt(frames, recipe.spoiling)


def _spoilt(frames: Sequence[Frame], how: Spoiling) -> list[Frame]:
    random = np.random.Generator(np.random.PCG64(_SEED))

    def noisy(picture: Picture, deviation: float) -> Frame:
        return _rounded(picture + deviation * random.standard_normal(picture.shape))

    halves = [
        noisy(averaged(blurred(frame.astype(np.float64), how.first_blur)), how.first_noise)
        for frame in frames
    ]
    quarters = [
        noisy(reduced(blurred(frame.astype(np.float64), how.second_blur), 2), how.second_noise)
        for frame in jpeg(halves, how.jpeg)
    ]
    return x264(quarters, how.crf, how.preset)


def _rounded(picture: Picture) -> Frame:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
