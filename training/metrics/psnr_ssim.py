"""PSNR and SSIM of clips, in RGB (SPEC 9.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.errors import TrainingError
from training.metrics.eight_bit import eight_bit

HIGHEST_PSNR = 100.0

_PEAK = 255.0
_WINDOW = 11
_SIGMA = 1.5
_C1 = (0.01 * _PEAK) ** 2
_C2 = (0.03 * _PEAK) ** 2


def psnr(restored: Tensor, truth: Tensor) -> float:
    """Peak signal-to-noise ratio in dB, the mean over frames; all three channels count alike.

    Args:
        restored: (T, 3, H, W), RGB, 0-1; clamped and rounded to 8 bits before they are compared.
        truth: of the same shape.

    Returns:
        20 log10(255 / sqrt(MSE)) of a frame is counted as 100 dB at most; so are equal frames.
    """
    error = (eight_bit(restored) - eight_bit(truth)).square().mean((1, 2, 3))
    decibels = 10 * torch.log10(_PEAK**2 / error)
    return float(decibels.clamp(max=HIGHEST_PSNR).mean())


def ssim(restored: Tensor, truth: Tensor) -> float:
    """Structural similarity (Wang et al., 2004), -1 to 1, the mean over channels and frames.

    Gaussian window of 11x11 pixels and sigma 1.5, where it lies wholly inside the frame.

    Args:
        restored: (T, 3, H, W), RGB, 0-1; clamped and rounded to 8 bits before they are compared.
        truth: of the same shape.

    Raises:
        TrainingError: H or W is below 11.
    """
    height, width = truth.shape[-2:]
    if min(height, width) < _WINDOW:
        raise TrainingError(
            f"SSIM needs frames of {_WINDOW}x{_WINDOW} pixels or more, not {width}x{height}: validate on "
            "larger ones."
        )
    pairs = zip(restored, truth, strict=True)
    return sum(_frame_ssim(eight_bit(one), eight_bit(other)) for one, other in pairs) / len(truth)


def _frame_ssim(one: Tensor, other: Tensor) -> float:
    mean_one, mean_other = _smoothed(one), _smoothed(other)
    variance_one = _smoothed(one * one) - mean_one**2
    variance_other = _smoothed(other * other) - mean_other**2
    covariance = _smoothed(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + _C1) / (mean_one**2 + mean_other**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_one + variance_other + _C2)
    return float((luminance * structure).mean())


def _smoothed(frame: Tensor) -> Tensor:
    offsets = torch.arange(_WINDOW, dtype=frame.dtype, device=frame.device) - _WINDOW // 2
    weights = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights = weights / weights.sum()
    rows = F.conv2d(frame.unsqueeze(1), weights.view(1, 1, -1, 1))
    return F.conv2d(rows, weights.view(1, 1, 1, -1))
