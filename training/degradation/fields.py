"""Random fields in which every value is a function of seed, frame number and place.

The random bits are an integer hash of counters; there is no generator with a state. So the CPU and CUDA make
the same fields, for one frame or many, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_MASK_32 = 0xFFFFFFFF
_SEEDS = 1 << 63


def normal(hashed: Tensor, shape: Sequence[int]) -> Tensor:
    """Return standard normal numbers, float32, by the Box-Muller transform: two from each hash.

    Args:
        hashed: `keys` of B frames.
        shape: shape (B, ...) of the result.
    """
    needed = math.prod(shape[1:])
    words = bits(hashed, (needed + 1) // 2)
    radius = (words & _MASK_32).float().add_(0.5).mul_(2.0**-32).log_().mul_(-2).clamp_(min=0).sqrt_()
    angle = ((words >> 32) & _MASK_32).float().mul_(2 * math.pi * 2.0**-32)
    pairs = torch.cat((angle.cos().mul_(radius), angle.sin_().mul_(radius)), dim=1)
    return pairs[:, :needed].reshape(*shape)


def uniform(hashed: Tensor, shape: Sequence[int]) -> Tensor:
    """Return uniform numbers from 0 to 1, float32. For the arguments see `normal`."""
    words = bits(hashed, math.prod(shape[1:]))
    return (words & _MASK_32).float().mul_(2.0**-32).reshape(*shape)


def keys(seed: int, numbers: Sequence[int], device: torch.device, field: int = 0) -> Tensor:
    """Return a hashed key for each frame: (B, 1) int64.

    Args:
        seed: random seed, 0 to 2**63 - 1.
        numbers: numbers of the B frames in their clip.
        device: device of the result.
        field: number of the field, for operations that need several fields from one seed.
    """
    seeds = torch.tensor([[(seed + field) % _SEEDS]], dtype=torch.int64, device=device)
    return _mix(_mix(seeds) + torch.tensor(numbers, dtype=torch.int64, device=device)[:, None])


def bits(hashed: Tensor, count: int) -> Tensor:
    """Return 64 random bits for each of `count` counters: (B, count) int64."""
    counters = torch.arange(1, count + 1, device=hashed.device).mul_(_signed(0x9E3779B97F4A7C15))
    return _mix(hashed + counters)


def _mix(words: Tensor) -> Tensor:
    """Apply the finaliser of SplitMix64 (Steele, Lea and Flood 2014); int64 products wrap around."""
    words = (words ^ _shifted(words, 30)).mul_(_signed(0xBF58476D1CE4E5B9))
    words = words.bitwise_xor_(_shifted(words, 27)).mul_(_signed(0x94D049BB133111EB))
    return words.bitwise_xor_(_shifted(words, 31))


def _shifted(words: Tensor, places: int) -> Tensor:
    """Shift right and fill with zeros; the shift of int64 itself would copy the sign bit."""
    return (words >> places).bitwise_and_((1 << (64 - places)) - 1)


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word
