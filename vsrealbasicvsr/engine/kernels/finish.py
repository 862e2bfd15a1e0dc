"""The restored picture from a cleaned one and the learned detail, in one pass over memory."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vsrealbasicvsr.engine.kernels.launch import launch, require_shape
from vsrealbasicvsr.network.basicvsr import SCALE

_COLUMNS = 256


def finish(picture: Tensor, detail: Tensor, bias: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """`(enlarge(picture) + strength * (detail + bias)).clamp(0, 1)`, and whether all of it was finite.

    Args:
        picture: (N, 3, H, W), the cleaned picture; computed with in float32.
        detail: (N, 3, 4H, 4W), float16, bfloat16 or float32, any strides, without `conv_last`'s bias.
        bias: (3,), of `conv_last`.
        strength: how much of the detail is added, 0-1.

    Returns:
        (N, 3, 4H, 4W), float32, contiguous, 0-1 (0 where it was NaN); and a single int32 on the same device,
        1 where every number was finite before it was clamped, 0 otherwise.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return _finished(picture, detail, bias, strength, torch.float32, levels=0)


def finish_quantised(
    picture: Tensor, detail: Tensor, bias: Tensor, strength: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """What `finish` gives, as whole numbers.

    Args:
        picture: as for `finish`.
        detail: as for `finish`.
        bias: as for `finish`.
        strength: as for `finish`.
        dtype: `torch.uint8` for 0-255 or `torch.uint16` for 0-65535, rounded to the nearest, halves to even.

    Returns:
        (N, 3, 4H, 4W), contiguous; and the int32 of `finish`.

    Raises:
        ValueError: the shapes do not fit each other, or it is another dtype.
    """
    if dtype not in (torch.uint8, torch.uint16):
        raise ValueError(f"{dtype} is not a dtype of pictures; use torch.uint8 or torch.uint16.")
    return _finished(picture, detail, bias, strength, dtype, levels=torch.iinfo(dtype).max)


def _finished(
    picture: Tensor, detail: Tensor, bias: Tensor, strength: float, dtype: torch.dtype, levels: int
) -> tuple[Tensor, Tensor]:
    n, _, height, width = picture.shape
    require_shape("picture", picture, (n, 3, height, width))
    require_shape("detail", detail, (n, 3, SCALE * height, SCALE * width))
    require_shape("bias", bias, (3,))
    finished = torch.empty(detail.shape, dtype=dtype, device=detail.device)
    finite = torch.ones((), dtype=torch.int32, device=detail.device)
    launch(
        _finish,
        detail.device,
        n * SCALE * height * triton.cdiv(SCALE * width, _COLUMNS),
        *(picture.float().contiguous(), detail, bias.contiguous(), finished, finite),
        *(height, width, float(strength), *detail.stride()),
        levels=levels,
        scale=SCALE,
        block_x=_COLUMNS,
        num_warps=2,
    )
    return finished, finite


@triton.jit
def _finish(
    picture: tl.tensor,
    detail: tl.tensor,
    bias: tl.tensor,
    finished: tl.tensor,
    finite: tl.tensor,
    height: int,
    width: int,
    strength: float,
    detail_n: int,
    detail_c: int,
    detail_y: int,
    detail_x: int,
    levels: tl.constexpr,
    scale: tl.constexpr,
    block_x: tl.constexpr,
):
    # A program does `block_x` pixels of one row of the output, in all three colours.
    blocks = tl.cdiv(scale * width, block_x)
    row = tl.program_id(0) // blocks
    column = tl.program_id(0) % blocks * block_x + tl.arange(0, block_x)
    within = column < scale * width
    n = (row // (scale * height)).to(tl.int64)
    line = row % (scale * height)

    y = tl.maximum((line.to(tl.float32) + 0.5) * (1.0 / scale) - 0.5, 0.0)
    x = tl.maximum((column.to(tl.float32) + 0.5) * (1.0 / scale) - 0.5, 0.0)
    top = y.to(tl.int32)
    left = x.to(tl.int32)
    to_bottom = y - top.to(tl.float32)
    to_right = x - left.to(tl.float32)
    bottom = tl.minimum(top + 1, height - 1)
    right = tl.minimum(left + 1, width - 1)
    plane = tl.cast(height, tl.int64) * width  # 16 of them can pass 2^31
    upper = picture + n * 3 * plane + top.to(tl.int64) * width
    lower = picture + n * 3 * plane + bottom.to(tl.int64) * width
    detail += n * detail_n + line.to(tl.int64) * detail_y + column.to(tl.int64) * detail_x
    target = finished + n * 3 * scale * scale * plane + line.to(tl.int64) * scale * width + column

    spoiled = tl.zeros((block_x,), tl.int32)
    for colour in tl.static_range(3):
        above = _between(upper, left, right, to_right, within)
        below = _between(lower, left, right, to_right, within)
        enlarged = (1.0 - to_bottom) * above + to_bottom * below
        learned = tl.load(detail, mask=within, other=0.0).to(tl.float32) + tl.load(bias + colour).to(
            tl.float32
        )
        value = enlarged + strength * learned
        spoiled |= tl.where(within & ~(tl.abs(value) < float("inf")), 1, 0)
        value = tl.where(value > 0.0, value, 0.0)  # NaN, too
        value = tl.where(value < 1.0, value, 1.0)
        if levels:
            # Added to 1.5 x 2^23 a float32 has no room for a fraction: the sum is rounded, halves to even.
            value = ((value * levels + 12582912.0) - 12582912.0).to(tl.int32).to(finished.dtype.element_ty)
        tl.store(target, value, mask=within)
        upper += plane
        lower += plane
        detail += detail_c
        target += scale * scale * plane
    tl.store(finite, 0, mask=tl.max(spoiled, axis=0) > 0)  # all who write it write the same


@triton.jit
def _between(line: tl.tensor, left: tl.tensor, right: tl.tensor, to_right: tl.tensor, within: tl.tensor):
    a = tl.load(line + left, mask=within, other=0.0)
    b = tl.load(line + right, mask=within, other=0.0)
    return (1.0 - to_right) * a + to_right * b
