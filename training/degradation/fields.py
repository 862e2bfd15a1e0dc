"""Random fields whose every value is a function of seed, frame number and place.

No generator runs: an integer hash of the counters gives the random bits, so that the CPU and CUDA, one
frame or many, in any order, make the same fields.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_MASK_32 = 0xFFFFFFFF
_SEEDS = 1 << 63


def normal(hashed: Tensor, shape: Sequence[int]) -> Tensor:
    """Standard normal numbers, float32, by Box and Muller's transform: two of each hash.

    Args:
        hashed: `keys` of B frames.
        shape: (B, ...) of the result.
    """
    needed = math.prod(shape[1:])
    words = bits(hashed, (needed + 1) // 2)
    radius = (words & _MASK_32).float().add_(0.5).mul_(2.0**-32).log_().mul_(-2).clamp_(min=0).sqrt_()
    angle = ((words >> 32) & _MASK_32).float().mul_(2 * math.pi * 2.0**-32)
    pairs = torch.cat((angle.cos().mul_(radius), angle.sin_().mul_(radius)), dim=1)
    return pairs[:, :needed].reshape(*shape)


def uniform(hashed: Tensor, shape: Sequence[int]) -> Tensor:
    """Numbers from 0 up to 1, float32; see `normal`."""
    words = bits(hashed, math.prod(shape[1:]))
    return (words & _MASK_32).float().mul_(2.0**-32).reshape(*shape)


def keys(seed: int, numbers: Sequence[int], device: torch.device, field: int = 0) -> Tensor:
    """A hashed key for each frame: (B, 1) int64.

    Args:
        seed: 0 to 2**63 - 1.
        numbers: the B frames' numbers in their clip.
        device: of the result.
        field: number of the field, for operations that need several of one seed.
    """
    seeds = torch.tensor([[(seed + field) % _SEEDS]], dtype=torch.int64, device=device)
    return _mix(_mix(seeds) + torch.tensor(numbers, dtype=torch.int64, device=device)[:, None])


def bits(hashed: Tensor, count: int) -> Tensor:
    """64 random bits at each of `count` counters: (B, count) int64."""
    counters = torch.arange(1, count + 1, device=hashed.device).mul_(_signed(0x9E3779B97F4A7C15))
    return _mix(hashed + counters)


def _mix(words: Tensor) -> Tensor:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014); int64 products wrap."""
    words = (words ^ _shifted(words, 30)).mul_(_signed(0xBF58476D1CE4E5B9))
    words = words.bitwise_xor_(_shifted(words, 27)).mul_(_signed(0x94D049BB133111EB))
    return words.bitwise_xor_(_shifted(words, 31))


def _shifted(words: Tensor, places: int) -> Tensor:
    """Shifted right with zeros moving in: int64's own shift would copy the sign."""
    return (words >> places).bitwise_and_((1 << (64 - places)) - 1)


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word
