"""The best rates of this machine: a matrix product, a convolution, a copy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.bench.stopwatch import best_seconds
from vsrealbasicvsr.network.layers import MID_CHANNELS

_SIDE = {"cpu": 2048, "cuda": 8192}
_COPIED = 2**28  # bytes
_IN_A_ROW = 40
"""Convolutions in one measurement, as in a trunk of the released model. A single one would fit between the
turns of other programs, or be hidden by the wait for a GPU."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The best measured rates; a multiplication with its addition counts as two operations."""

    product: float
    """GFLOP/s of a square matrix product in this precision."""
    convolution: float
    """GFLOP/s of the network's most common convolution, 64 to 64 channels, 3x3, at the size of the case, in
    the faster of the two memory formats."""
    copy: float
    """GB/s of a copy on the device, bytes read plus bytes written."""


def measure_ceilings(device: torch.device, dtype: torch.dtype, size: tuple[int, int]) -> Ceilings:
    """Measure all three rates; this takes some seconds.

    Args:
        device: the device to measure.
        dtype: precision of the product and the convolution.
        size: width and height of the convolution's input.
    """
    width, height = size
    side = _SIDE[device.type]
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        left, right = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
        product = 2e-9 * side**3 / best_seconds(lambda: left @ right, device)
        pictures = torch.rand(1, MID_CHANNELS, height, width, device=device).to(dtype)
        kernel = torch.rand(MID_CHANNELS, MID_CHANNELS, 3, 3, device=device).to(dtype)
        seconds = []
        for layout in (torch.contiguous_format, torch.channels_last):
            laid, weights = (tensor.contiguous(memory_format=layout) for tensor in (pictures, kernel))
            seconds.append(best_seconds(partial(_convolve, laid, weights), device) / _IN_A_ROW)
        operations = 2 * 9 * MID_CHANNELS**2 * width * height
        source = torch.zeros(_COPIED, dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        copy = 2e-9 * _COPIED / best_seconds(lambda: target.copy_(source), device)
    return Ceilings(product, 1e-9 * operations / min(seconds), copy)


def _convolve(pictures: Tensor, weights: Tensor) -> None:
    for _ in range(_IN_A_ROW):
        F.conv2d(pictures, weights, padding=1)
