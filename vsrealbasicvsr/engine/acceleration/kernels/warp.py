"""Features warped to a frame and put behind its picture in one pass over memory."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vsrealbasicvsr.engine.acceleration.kernels.launch import channels_last, launch, require_shape

_COLUMNS = 32
_CHANNELS = 64


def warp_and_join(picture: Tensor, features: Tensor, flow: Tensor) -> Tensor:
    """`torch.cat((picture, warp(features, flow)), dim=1)` for what a trunk takes.

    Coordinates are pixels in float32 from beginning to end; `network.layers.warp` scales them to -1..1 and
    back, so the two differ by some 1e-7 of the width. As there, features are zero outside, and a picture one
    pixel wide (or high) has no other place to sample in x (or y). A flow that is not finite gives NaN, as it
    does there on the CPU.

    Args:
        picture: (N, 3, H, W), any float dtype and strides.
        features: (N, C, H, W), float16, bfloat16 or float32; copied where they are not channels-last.
        flow: (N, 2, H, W), float32, (x, y) displacement in pixels, any strides.

    Returns:
        (N, 3 + C, H, W), channels-last, in the dtype of `features`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    n, channels, height, width = features.shape
    require_shape("picture", picture, (n, 3, height, width))
    require_shape("flow", flow, (n, 2, height, width))
    features = channels_last(features)
    joined = torch.empty(
        (n, 3 + channels, height, width),
        dtype=features.dtype,
        device=features.device,
        memory_format=torch.channels_last,
    )
    launch(
        _warp_and_join,
        features.device,
        n * height * triton.cdiv(width, _COLUMNS),
        *(picture, features, flow, joined, height, width, *picture.stride(), *flow.stride()),
        channels=channels,
        block_x=_COLUMNS,
        block_c=min(triton.next_power_of_2(channels), _CHANNELS),
        num_warps=4,
    )
    return joined


@triton.jit
def _warp_and_join(
    picture: tl.tensor,
    features: tl.tensor,
    flow: tl.tensor,
    joined: tl.tensor,
    height: int,
    width: int,
    picture_n: int,
    picture_c: int,
    picture_y: int,
    picture_x: int,
    flow_n: int,
    flow_c: int,
    flow_y: int,
    flow_x: int,
    channels: tl.constexpr,
    block_x: tl.constexpr,
    block_c: tl.constexpr,
):
    # A program does `block_x` pixels of one row. Offsets are int64: 67 channels of 7680x4320 are 2.2e9.
    blocks = tl.cdiv(width, block_x)
    row = tl.program_id(0) // blocks
    column = tl.program_id(0) % blocks * block_x + tl.arange(0, block_x)
    within = column < width
    n = (row // height).to(tl.int64)
    line = (row % height).to(tl.int64)
    column = column.to(tl.int64)
    target = joined + (row.to(tl.int64) * width + column)[:, None] * (channels + 3)

    colour = tl.arange(0, 4).to(tl.int64)[None, :]
    picture += n * picture_n + line * picture_y + column[:, None] * picture_x + colour * picture_c
    in_picture = within[:, None] & (colour < 3)
    tl.store(target + colour, tl.load(picture, mask=in_picture, other=0.0), mask=in_picture)

    flow += n * flow_n + line * flow_y + column * flow_x
    dx = tl.load(flow, mask=within, other=0.0)
    dy = tl.load(flow + flow_c, mask=within, other=0.0)
    finite = (tl.abs(dx) < float("inf")) & (tl.abs(dy) < float("inf"))
    x = tl.where(width == 1, 0.0, column.to(tl.float32) + dx)
    y = tl.where(height == 1, 0.0, line.to(tl.float32) + dy)
    # Only what touches the picture becomes an integer: what NaN or 1e30 would become is anybody's guess.
    near = finite & within & (x > -1.0) & (x < width) & (y > -1.0) & (y < height)
    x = tl.where(near, x, 0.0)
    y = tl.where(near, y, 0.0)
    left = tl.floor(x)
    top = tl.floor(y)
    to_right = (x - left)[:, None]
    to_bottom = (y - top)[:, None]
    x0 = left.to(tl.int64)
    y0 = top.to(tl.int64)
    features += n * height * width * channels
    for first in tl.static_range(0, channels, block_c):
        c = first + tl.arange(0, block_c)
        a = _sample(features, x0, y0, near, height, width, c, channels)
        b = _sample(features, x0 + 1, y0, near, height, width, c, channels)
        d = _sample(features, x0, y0 + 1, near, height, width, c, channels)
        e = _sample(features, x0 + 1, y0 + 1, near, height, width, c, channels)
        warped = a * ((1.0 - to_right) * (1.0 - to_bottom)) + b * (to_right * (1.0 - to_bottom))
        warped += d * ((1.0 - to_right) * to_bottom) + e * (to_right * to_bottom)
        warped = tl.where(finite[:, None], warped, float("nan"))
        tl.store(target + 3 + c[None, :], warped, mask=within[:, None] & (c < channels)[None, :])


@triton.jit
def _sample(
    features: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    near: tl.tensor,
    height: int,
    width: int,
    c: tl.tensor,
    channels: tl.constexpr,
):
    there = near & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    at = features + ((y * width + x) * channels)[:, None] + c[None, :]
    return tl.load(at, mask=there[:, None] & (c < channels)[None, :], other=0.0).to(tl.float32)
