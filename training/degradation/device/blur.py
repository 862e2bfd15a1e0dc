"""Correlation of frames with one kernel per frame, on any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.kernels import kernel
from training.degradation.parameters import Blur

_GRAIN = 32  # sides of the Fourier transform are multiples of it: few sizes, all with small prime factors


def blur_frames(frames: Tensor, blur: Blur, numbers: Sequence[int]) -> Tensor:
    """Blur frames with the kernels of their numbers (specification, sections 7.5, 8).

    Args:
        frames: (B, 3, H, W) float32, any H and W.
        blur: kernels, one per frame of the clip.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32.
    """
    return correlate(frames, np.stack([kernel(blur, number) for number in numbers]))


def correlate(frames: Tensor, kernels: NDArray[np.float64]) -> Tensor:
    """Correlate every channel with its frame's kernel; the border is mirrored without its edge pixel.

    The Fourier transform is used. For kernels of 7 to 51 pixels it is faster than sums, both on the CPU and
    on CUDA, and settings of reduced precision (TF32, autocast) do not affect it.

    Args:
        frames: (B, 3, H, W) float32, any H and W.
        kernels: (B, k, k), or (1, k, k) for all frames; k odd.

    Returns:
        (B, 3, H, W) float32.
    """
    height, width = frames.shape[-2:]
    side = kernels.shape[-1]
    padded = _mirrored(_mirrored(frames, side // 2, dim=-2), side // 2, dim=-1)
    sides = [-(-length // _GRAIN) * _GRAIN for length in padded.shape[-2:]]
    spectrum = torch.fft.rfft2(padded, s=sides)
    response = torch.fft.rfft2(torch.from_numpy(kernels).to(frames.device, frames.dtype), s=sides)
    spectrum *= response.conj()[:, None]
    # The transform wraps around, but only into the last side - 1 rows and columns, which are cropped.
    whole: Tensor = torch.fft.irfft2(spectrum, s=sides)
    return whole[..., :height, :width].contiguous()


def _mirrored(frames: Tensor, border: int, dim: int) -> Tensor:
    """Pad with mirrored pixels as OpenCV's BORDER_REFLECT_101 does, repeatedly if there are few pixels."""
    length = frames.shape[dim]
    places = torch.arange(-border, length + border, device=frames.device)
    period = max(2 * (length - 1), 1)
    places = places % period
    return frames.index_select(dim, torch.minimum(places, period - places) if length > 1 else places)
