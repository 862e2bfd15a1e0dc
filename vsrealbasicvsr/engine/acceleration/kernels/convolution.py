"""What follows a convolution that was made without its bias, in one pass over memory."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.runtime import KernelInterface

from vsrealbasicvsr.engine.acceleration.kernels.launch import (
    channels_last,
    launch,
    require_channels_last,
    require_shape,
)

_TILE = 4096
"""Numbers a program works on: 32 a thread."""
_SHUFFLE_COLUMNS = 16
_SHUFFLE_CHANNELS = 64


def add_bias_and_activate(x: Tensor, bias: Tensor, slope: float) -> Tensor:
    """Leaky ReLU of x + bias, written over `x`.

    Args:
        x: (N, C, H, W), channels-last.
        bias: (C,).
        slope: what negative numbers are multiplied by; 0 is ReLU.

    Returns:
        `x`.

    Raises:
        ValueError: `x` is not channels-last, or the shapes do not fit each other.
    """
    require_channels_last(x)
    require_shape("bias", bias, x.shape[1:2])
    _in_tiles(_add_bias_and_activate, x, bias.contiguous(), slope=float(slope))
    return x


def add_bias_and_skip(x: Tensor, bias: Tensor, skip: Tensor) -> Tensor:
    """The end of a residual block: skip + (x + bias), written over `x`.

    Args:
        x: (N, C, H, W), channels-last.
        bias: (C,).
        skip: (N, C, H, W); copied where it is not channels-last.

    Returns:
        `x`.

    Raises:
        ValueError: `x` is not channels-last, or the shapes do not fit each other.
    """
    require_channels_last(x)
    require_shape("bias", bias, x.shape[1:2])
    require_shape("skip", skip, x.shape)
    _in_tiles(_add_bias_and_skip, x, bias.contiguous(), channels_last(skip))
    return x


def shuffle_and_activate(x: Tensor, bias: Tensor, slope: float) -> Tensor:
    """Leaky ReLU of `F.pixel_shuffle(x + bias, 2)`.

    Args:
        x: (N, 4 C, H, W); copied where it is not channels-last.
        bias: (4 C,), before the shuffle.
        slope: what negative numbers are multiplied by; 0 is ReLU.

    Returns:
        (N, C, 2H, 2W), channels-last, in the dtype of `x`.

    Raises:
        ValueError: the channels are no multiple of four, or the bias does not fit them.
    """
    n, channels, height, width = x.shape
    if channels % 4:
        raise ValueError(f"{channels} channels cannot be shuffled; their number must be a multiple of 4.")
    require_shape("bias", bias, (channels,))
    shuffled = torch.empty(
        (n, channels // 4, 2 * height, 2 * width),
        dtype=x.dtype,
        device=x.device,
        memory_format=torch.channels_last,
    )
    launch(
        _shuffle_and_activate,
        x.device,
        n * height * triton.cdiv(width, _SHUFFLE_COLUMNS),
        *(channels_last(x), bias.contiguous(), shuffled, width),
        slope=float(slope),
        channels=channels // 4,
        block_x=_SHUFFLE_COLUMNS,
        block_c=min(triton.next_power_of_2(channels // 4), _SHUFFLE_CHANNELS),
        num_warps=4,
    )
    return shuffled


def _in_tiles(kernel: KernelInterface, x: Tensor, *others: Tensor, **constants: float) -> None:
    """Launch it for `x` as rows of channels, some pixels a program."""
    n, channels, height, width = x.shape
    pixels = n * height * width
    block_c = triton.next_power_of_2(channels)
    block_p = max(_TILE // block_c, 1)
    programs = triton.cdiv(pixels, block_p)
    sizes = {"channels": channels, "block_p": block_p, "block_c": block_c}
    launch(kernel, x.device, programs, x, *others, pixels, **sizes, **constants, num_warps=4)


@triton.jit
def _add_bias_and_activate(
    x: tl.tensor,
    bias: tl.tensor,
    pixels: int,
    slope: tl.constexpr,
    channels: tl.constexpr,
    block_p: tl.constexpr,
    block_c: tl.constexpr,
):
    pixel = tl.program_id(0).to(tl.int64) * block_p + tl.arange(0, block_p)
    c = tl.arange(0, block_c)
    mask = (pixel < pixels)[:, None] & (c < channels)[None, :]
    at = pixel[:, None] * channels + c[None, :]
    biased = tl.load(x + at, mask=mask, other=0.0).to(tl.float32) + _bias_row(bias, c, channels)
    tl.store(x + at, _activated(biased, slope), mask=mask)


@triton.jit
def _add_bias_and_skip(
    x: tl.tensor,
    bias: tl.tensor,
    skip: tl.tensor,
    pixels: int,
    channels: tl.constexpr,
    block_p: tl.constexpr,
    block_c: tl.constexpr,
):
    pixel = tl.program_id(0).to(tl.int64) * block_p + tl.arange(0, block_p)
    c = tl.arange(0, block_c)
    mask = (pixel < pixels)[:, None] & (c < channels)[None, :]
    at = pixel[:, None] * channels + c[None, :]
    biased = tl.load(x + at, mask=mask, other=0.0).to(tl.float32) + _bias_row(bias, c, channels)
    tl.store(x + at, tl.load(skip + at, mask=mask, other=0.0).to(tl.float32) + biased, mask=mask)


@triton.jit
def _shuffle_and_activate(
    x: tl.tensor,
    bias: tl.tensor,
    shuffled: tl.tensor,
    width: int,
    slope: tl.constexpr,
    channels: tl.constexpr,
    block_x: tl.constexpr,
    block_c: tl.constexpr,
):
    # A program does `block_x` pixels of one row of one picture; rows of all pictures are counted through.
    blocks = tl.cdiv(width, block_x)
    row = (tl.program_id(0) // blocks).to(tl.int64)
    start = tl.program_id(0) % blocks * block_x
    column = start + tl.arange(0, block_x)
    dy = tl.arange(0, 2)[:, None, None, None]
    target_column = start + tl.arange(0, block_x)[None, :, None, None]
    dx = tl.arange(0, 2)[None, None, :, None]
    pixel = (2 * row + dy) * (2 * width) + (2 * target_column + dx)
    for first in tl.static_range(0, channels, block_c):
        j = 4 * first + tl.arange(0, 4 * block_c)  # channel c of pixel (dy, dx) is number 4 c + 2 dy + dx
        mask = (column < width)[:, None] & (j < 4 * channels)[None, :]
        at = (row * width + column)[:, None] * (4 * channels) + j[None, :]
        biased = tl.load(x + at, mask=mask, other=0.0).to(tl.float32) + _bias_row(bias, j, 4 * channels)
        tile = _activated(biased, slope).to(shuffled.dtype.element_ty)
        tile = tl.permute(tl.reshape(tile, (block_x, block_c, 2, 2)), (2, 0, 3, 1))
        c = first + tl.arange(0, block_c)[None, None, None, :]
        tl.store(shuffled + pixel * channels + c, tile, mask=(target_column < width) & (c < channels))


@triton.jit
def _bias_row(bias: tl.tensor, c: tl.tensor, channels: tl.constexpr):
    return tl.load(bias + c, mask=c < channels, other=0.0).to(tl.float32)[None, :]


@triton.jit
def _activated(x: tl.tensor, slope: tl.constexpr):
    below = 0.0 if slope == 0.0 else x * slope  # minus infinity times zero would be NaN
    return tl.where(x < 0.0, below, x)  # NaN stays
