"""Additive noise in which every value is a function of seed, frame number and pixel.

The CPU and CUDA make the same noise, for one frame or many, in any order (see `fields`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from training.degradation.fields import bits, keys, normal
from training.degradation.parameters import Noise

_LUMA = (0.299, 0.587, 0.114)  # BT.601
_UNIFORM_BITS = 40
_ONE = 1 << _UNIFORM_BITS


def add_noise(frames: Tensor, noise: Noise, numbers: Sequence[int]) -> Tensor:
    """Add the noise of some frames of a clip (specification, section 7.5, as in the released 0.x code).

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1, on any device; not changed.
        noise: kind, strengths and seed.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32 on the same device, not clipped.
    """
    values = [noise.strength[number] for number in numbers]
    strength = torch.tensor(values, dtype=torch.float32, device=frames.device).view(-1, 1, 1, 1)
    hashed = keys(noise.seed, numbers, frames.device)
    if noise.kind == "gaussian":
        shape = frames[:, :1].shape if noise.grey else frames.shape
        return torch.addcmul(frames, normal(hashed, shape), strength / 255)
    return torch.addcmul(frames, _poisson_noise(frames, hashed, noise.grey), strength)


def _poisson_noise(frames: Tensor, hashed: Tensor, grey: bool) -> Tensor:
    """Return shot noise for the frames, or for their luma: (B, 3 or 1, H, W), float32, mean 0."""
    base = frames
    if grey:
        base = (frames * frames.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    levels = (base * 255).round().clamp(0, 255).long()
    peaks = _peaks(levels)
    different = sorted(set(peaks))
    table = _cumulative_poisson(different).to(frames.device)
    columns = table.shape[-1]
    first_rows = torch.tensor([256 * different.index(peak) for peak in peaks], device=frames.device)
    rows = levels + first_rows.view(-1, 1, 1, 1)
    uniform = (bits(hashed, levels[0].numel()) >> (64 - _UNIFORM_BITS)) & (_ONE - 1)
    # Probabilities as whole numbers, plus the number of their row, make one rising sequence to search in.
    table += _ONE * torch.arange(len(table), device=table.device)[:, None]
    ends = torch.searchsorted(table.flatten(), uniform.view_as(rows).add_(rows << _UNIFORM_BITS), right=True)
    counts = ends.sub_(rows.mul_(columns)).float()
    return counts / frames.new_tensor(peaks).view(-1, 1, 1, 1) - levels.float() / 255


def _peaks(levels: Tensor) -> list[int]:
    """Return each frame's mean count for white: its number of distinct levels, up to a power of two."""
    frames = len(levels)
    offsets = 256 * torch.arange(frames, device=levels.device).view(-1, 1, 1, 1)
    histogram = torch.bincount((levels + offsets).flatten(), minlength=256 * frames)
    distinct: list[int] = (histogram.view(frames, 256) > 0).sum(dim=1).tolist()
    return [1 << (number - 1).bit_length() for number in distinct]


def _cumulative_poisson(peaks: Sequence[int]) -> Tensor:
    """Return probabilities of at most k counts: (256 per peak, counts) int64, unit 2**-40, a row per level.

    They are computed on the CPU for every device, because the last bits of float64 functions differ between
    devices. The columns end where the rest is below the resolution of the uniform numbers.
    """
    highest = max(peaks)
    columns = highest + 9 * math.isqrt(highest) + 20
    counts = torch.arange(columns, dtype=torch.float64)
    levels = torch.arange(256, dtype=torch.float64)
    means = (torch.tensor(peaks)[:, None] * levels / 255).view(-1, 1)
    logarithms = torch.xlogy(counts, means) - means - torch.lgamma(counts + 1)
    cumulative = logarithms.exp_().cumsum(dim=1).mul_(_ONE).round_().clamp_(max=_ONE).long()
    cumulative[:, -1] = _ONE
    return cumulative
