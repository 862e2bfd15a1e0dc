"""Colour with fewer pixels than the brightness, shifted and blurred."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.degradation.old.colour import from_planes, to_planes
from training.degradation.old.lines import smoothed
from training.degradation.old.parameters import Chroma, Ratio

_STEPS: dict[Ratio, tuple[int, int]] = {"4:2:0": (2, 2), "4:1:1": (1, 4), "4:1:0": (4, 4)}


def thin_colour(frames: Tensor, chroma: Chroma, numbers: Sequence[int]) -> Tensor:
    """Blur the colour along the lines, reduce it to means, and enlarge it linearly at a shifted place.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; not changed.
        chroma: ratio, shifts and blur.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped; the brightness does not change.
    """
    brightness, colour = to_planes(frames)
    height, width = colour.shape[-2:]
    down, across = _STEPS[chroma.ratio]
    colour = smoothed(colour, [chroma.bleed[number] for number in numbers])
    # Windows that cross the border take the mean of the pixels inside the picture.
    colour = F.avg_pool2d(colour, (down, across), ceil_mode=True)
    colour = _enlarged(colour, width, across, [chroma.shift_x[number] for number in numbers])
    colour = _enlarged(colour.mT, height, down, [chroma.shift_y[number] for number in numbers]).mT
    return from_planes(brightness, colour)


def _enlarged(planes: Tensor, length: int, step: int, shifts: Sequence[float]) -> Tensor:
    """Enlarge linearly along the last dimension, with aligned pixel centres.

    The shifts are in pixels of the result.
    """
    last = planes.shape[-1] - 1
    places = torch.arange(length, device=planes.device) - planes.new_tensor(shifts)[:, None] + 0.5
    places = (places / step - 0.5).clamp_(0, last)
    left = places.floor()
    share = (places - left)[:, None, None]
    taken = [
        planes.gather(-1, index.long()[:, None, None].expand(*planes.shape[:-1], length))
        for index in (left, (left + 1).clamp_(max=last))
    ]
    return torch.lerp(taken[0], taken[1], share)
