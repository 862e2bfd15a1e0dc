"""Film grain: noise with a grain size, strongest in the middle greys."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.degradation.fields import keys, normal
from training.degradation.old.colour import luma
from training.degradation.old.lines import smoothed_noise
from training.degradation.old.parameters import Grain

_ENDS = 0.3  # strength in black and white, relative to that in mid-grey


def add_grain(frames: Tensor, grain: Grain, numbers: Sequence[int]) -> Tensor:
    """Add grain to frames.

    The standard deviation of the grain is `strength` in mid-grey, and falls along a parabola to 0.3 of it in
    black and white: where film is unexposed or saturated, a grain does not differ from its neighbours. The
    autocorrelation is a Gaussian of sqrt(2) times `size`.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; not changed.
        grain: sizes, strengths, colour and seed.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped.
    """
    count, _, height, width = frames.shape
    hashed = keys(grain.seed, numbers, frames.device)
    sizes = [grain.size[number] for number in numbers]
    field = smoothed_noise(normal(hashed, (count, 4 if grain.colour else 1, height, width)), sizes)
    field = smoothed_noise(field.mT, sizes).mT
    if grain.colour:
        field = field[:, :1] * (1 - grain.colour**2) ** 0.5 + field[:, 1:] * grain.colour
    level = luma(frames).clamp_(0, 1)
    shape = _ENDS + (1 - _ENDS) * 4 * level * (1 - level)
    strength = frames.new_tensor([grain.strength[number] / 255 for number in numbers]).view(-1, 1, 1, 1)
    return frames + strength * shape * field
