"""Resizing of pictures with the conventions of zimg, so that results can be checked against zimg.

Pixel centres are at half integers. A reduction widens the filter by the same factor. The weights of a filter
sum to one. Beyond a border the picture is mirrored about that border.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsrealbasicvsr.errors import VideoError

# Exponents. The BT.709 family uses the display's 2.4 (BT.1886), and not the camera's curve, as zimg does.
_POWERS = {1: 2.4, 4: 2.2, 5: 2.8, 6: 2.4, 7: 2.4, 8: 1.0, 11: 2.4, 14: 2.4, 15: 2.4}
_SRGB, _PQ, _HLG = 13, 16, 18

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 32
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073


def linear_light(coded: Tensor, transfer: int) -> Tensor:
    """Convert coded values to linear light, both 0-1: light of the display, or of the scene for HLG.

    Args:
        coded: Any shape, float32, 0-1.
        transfer: H.273's number. Supported are the BT.709, 601 and 2020 family, gamma 2.2 and 2.8, linear,
            sRGB, PQ and HLG.

    Raises:
        VideoError: the transfer is not supported.
    """
    if transfer in _POWERS:
        return coded.pow(_POWERS[transfer])
    if transfer == _SRGB:
        return (coded / 12.92).where(coded <= 0.04045, ((coded + 0.055) / 1.055).pow(2.4))
    if transfer == _PQ:
        root = coded.pow(1 / _PQ_M2)
        return ((root - _PQ_C1).clamp(min=0) / (_PQ_C2 - _PQ_C3 * root)).pow(1 / _PQ_M1)
    if transfer == _HLG:
        bright = (((coded - _HLG_C) / _HLG_A).exp() + _HLG_B) / 12
        return (coded.square() / 3).where(coded <= 0.5, bright)
    raise _no_curve(transfer)


def gamma_light(light: Tensor, transfer: int) -> Tensor:
    """Convert linear light to coded values; the inverse of `linear_light`.

    Raises:
        VideoError: see `linear_light`.
    """
    if transfer in _POWERS:
        return light.pow(1 / _POWERS[transfer])
    if transfer == _SRGB:
        return (light * 12.92).where(light <= 0.04045 / 12.92, 1.055 * light.pow(1 / 2.4) - 0.055)
    if transfer == _PQ:
        root = light.pow(_PQ_M1)
        return ((_PQ_C1 + _PQ_C2 * root) / (1 + _PQ_C3 * root)).pow(_PQ_M2)
    if transfer == _HLG:
        bright = _HLG_A * (12 * light - _HLG_B).clamp(min=1e-6).log() + _HLG_C
        return (3 * light).sqrt().where(light <= 1 / 12, bright)
    raise _no_curve(transfer)


def _no_curve(transfer: int) -> VideoError:
    return VideoError(f"linear light is not known for transfer characteristics {transfer}: use gamma light.")


Kernel = Literal["bilinear", "bicubic", "lanczos", "spline36"]
Light = Literal["gamma", "linear"]

# Source pixels of a block. Outputs are computed in blocks by small dense products; multiplying their zeros is
# cheaper than gathering pixels. 64 was the fastest of 16 to 256, for chroma of 1280x720 on 2 cores.
_BLOCK = 64


def resample(
    image: Tensor,
    size: tuple[int, int],
    *,
    kernel: Kernel = "spline36",
    shift: tuple[float, float] = (0.0, 0.0),
    source: tuple[float, float] | None = None,
) -> Tensor:
    """Resize an image, or a part of it, one axis after the other.

    Args:
        image: (..., H, W), float32.
        size: Height and width of the result, in pixels.
        kernel: Filter; `bicubic` is Catmull-Rom, `lanczos` has three lobes.
        shift: Offset (y, x) of the part from the image's top left corner, in source pixels.
        source: Height and width of the part, in source pixels; None takes the image's own.

    Returns:
        (..., h, w), float32; the image itself if nothing changes.
    """
    height, width = source or (image.shape[-2], image.shape[-1])
    rows = _blocks(kernel, image.shape[-2], size[0], shift[0], float(height), image.device)
    columns = _blocks(kernel, image.shape[-1], size[1], shift[1], float(width), image.device)
    # The order of the axes with the smaller intermediate image.
    if size[0] * image.shape[-1] <= image.shape[-2] * size[1]:
        return _filter_columns(_filter_rows(image, rows), columns)
    return _filter_rows(_filter_columns(image, columns), rows)


def resize_picture(
    rgb: Tensor,
    size: tuple[int, int],
    *,
    kernel: Kernel = "spline36",
    light: Light = "gamma",
    transfer: int = 1,
) -> Tensor:
    """Resize a picture, in its code values or in linear light.

    Args:
        rgb: (3, H, W), float32, 0-1.
        size: Height and width of the result, in pixels.
        kernel: Filter, see `resample`.
        light: "gamma" averages code values, "linear" averages light.
        transfer: H.273's number of the transfer characteristics.

    Returns:
        (3, h, w), float32, clamped to 0-1; the picture itself if it already has this size.

    Raises:
        VideoError: `light` is "linear", and `linear_light` does not support the transfer.
    """
    if tuple(rgb.shape[-2:]) == size:
        return rgb
    if light == "gamma":
        return resample(rgb, size, kernel=kernel).clamp_(0, 1)
    channels = [  # one at a time takes a third of the memory
        gamma_light(resample(linear_light(channel, transfer), size, kernel=kernel).clamp_(0, 1), transfer)
        for channel in rgb
    ]
    return torch.stack(channels)


@dataclass(frozen=True, slots=True)
class _Block:
    """Weights (outputs, stop - start) of consecutive outputs over the source pixels `start` to `stop`."""

    start: int
    stop: int
    weights: Tensor


def _filter_rows(image: Tensor, blocks: tuple[_Block, ...]) -> Tensor:
    if not blocks:
        return image
    parts = [torch.matmul(block.weights, image[..., block.start : block.stop, :]) for block in blocks]
    return torch.cat(parts, dim=-2)


def _filter_columns(image: Tensor, blocks: tuple[_Block, ...]) -> Tensor:
    if not blocks:
        return image
    parts = [torch.matmul(image[..., block.start : block.stop], block.weights.T) for block in blocks]
    return torch.cat(parts, dim=-1)


@lru_cache(maxsize=64)
def _blocks(
    kernel: Kernel, length: int, outputs: int, shift: float, window: float, device: torch.device
) -> tuple[_Block, ...]:
    """Return the filter of one axis as blocks on a device; an empty tuple if it would change nothing."""
    if length == outputs == window and shift == 0.0:
        return ()
    indices, weights = _taps(kernel, length, outputs, shift, window)
    step = max(1, round(_BLOCK * min(1.0, outputs / window)))
    return tuple(
        _block(indices[first : first + step], weights[first : first + step], device)
        for first in range(0, outputs, step)
    )


def _block(indices: NDArray[np.int64], weights: NDArray[np.float64], device: torch.device) -> _Block:
    start, stop = int(indices.min()), int(indices.max()) + 1
    dense = np.zeros((len(indices), stop - start))
    rows = np.arange(len(indices))[:, None]
    np.add.at(dense, (rows, indices - start), weights)  # several mirrored taps can fall on one pixel
    return _Block(start, stop, torch.from_numpy(dense.astype(np.float32)).to(device))


def _taps(
    kernel: Kernel, length: int, outputs: int, shift: float, window: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the source pixel and the weight of each tap of each output: two arrays (outputs, taps)."""
    curve, radius = _KERNELS[kernel]
    scale = outputs / window
    squeeze = min(scale, 1.0)
    half = math.ceil(radius / squeeze)
    centres = (np.arange(outputs) + 0.5) / scale + shift
    first = np.floor(centres - half + 0.5) + 0.5
    positions = first[:, None] + np.arange(2 * half)
    weights = curve(np.abs(positions - centres[:, None]) * squeeze)
    weights /= weights.sum(axis=1, keepdims=True)
    # Positions are mirrored once; those that are still outside take the border pixel.
    mirrored = np.where(positions > length, 2 * length - positions, np.abs(positions))
    return np.clip(np.floor(mirrored), 0, length - 1).astype(np.int64), weights


def _bilinear(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1 - x, 0)


def _catmull_rom(x: NDArray[np.float64]) -> NDArray[np.float64]:
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.select([x < 1, x < 2], [near, far], 0.0)


def _lanczos3(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def _spline36(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the cubic spline over six equidistant pixels, at distances `x`."""
    a, b = x - 1, x - 2
    pieces = [
        ((13 / 11 * x - 453 / 209) * x - 3 / 209) * x + 1,
        ((-6 / 11 * a + 270 / 209) * a - 156 / 209) * a,
        ((1 / 11 * b - 45 / 209) * b + 26 / 209) * b,
    ]
    return np.select([x < 1, x < 2, x < 3], pieces, 0.0)


_Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
_KERNELS: dict[Kernel, tuple[_Curve, int]] = {  # the weight by distance, and the distance from which it is 0
    "bilinear": (_bilinear, 1),
    "bicubic": (_catmull_rom, 2),
    "lanczos": (_lanczos3, 3),
    "spline36": (_spline36, 3),
}
