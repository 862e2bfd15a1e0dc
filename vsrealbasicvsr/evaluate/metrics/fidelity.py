"""PSNR and SSIM of a frame, on luma or on RGB; borders are not cropped."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError

HIGHEST_PSNR = 100.0
"""dB; the value for equal frames."""
SSIM_WINDOW = 11

_PEAK = 255.0
_SIGMA = 1.5
_C1 = (0.01 * _PEAK) ** 2
_C2 = (0.03 * _PEAK) ** 2

Distance = Callable[[Tensor, Tensor], float]


def rgb(frames: Tensor) -> Tensor:
    """Return all three channels, 0 to 255, as float64."""
    return frames.double()


def of_channels(distance: Distance, channels: Callable[[Tensor], Tensor]) -> Distance:
    """Return a distance that compares only what `channels` (`rgb` or `luma`) takes from two frames."""
    return lambda one, other: distance(channels(one), channels(other))


def psnr(one: Tensor, other: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB, at most 100; all channels have the same weight.

    Args:
        one: (C, H, W), 0-255, float64.
        other: of the same shape.
    """
    error = (one - other).square().mean()
    return min(float(10 * torch.log10(_PEAK**2 / error)), HIGHEST_PSNR)


def ssim(one: Tensor, other: Tensor) -> float:
    """Return the structural similarity (Wang et al., 2004), -1 to 1, as the mean over channels.

    The Gaussian window has 11x11 pixels and sigma 1.5, and lies wholly inside the frame. The frame is not
    reduced first.

    Args:
        one: (C, H, W), 0-255, float64.
        other: of the same shape.

    Raises:
        UnavailableError: H or W is below 11.
    """
    if min(other.shape[-2:]) < SSIM_WINDOW:
        raise UnavailableError(f"frames are smaller than its window of {SSIM_WINDOW}x{SSIM_WINDOW}")
    mean_one, mean_other = _smoothed(one), _smoothed(other)
    variance_one = _smoothed(one * one) - mean_one**2
    variance_other = _smoothed(other * other) - mean_other**2
    covariance = _smoothed(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + _C1) / (mean_one**2 + mean_other**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_one + variance_other + _C2)
    return float((luminance * structure).mean())


def _smoothed(frame: Tensor) -> Tensor:
    offsets = torch.arange(SSIM_WINDOW, dtype=frame.dtype, device=frame.device) - SSIM_WINDOW // 2
    weights = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights = weights / weights.sum()
    rows = F.conv2d(frame.unsqueeze(1), weights.view(1, 1, -1, 1))
    return F.conv2d(rows, weights.view(1, 1, 1, -1))
