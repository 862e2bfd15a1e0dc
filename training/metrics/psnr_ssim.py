"""PSNR and SSIM of clips, in RGB (specification, section 9.1)."""

from __future__ import annotations

from torch import Tensor

from training.errors import TrainingError
from training.metrics.eight_bit import eight_bit
from vsrealbasicvsr.evaluate.metrics import fidelity
from vsrealbasicvsr.evaluate.metrics.metric import over_pairs


def psnr(restored: Tensor, truth: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB, mean over frames; all channels have the same weight.

    Args:
        restored: (T, 3, H, W), RGB, 0-1; clamped and rounded to 8 bits before they are compared.
        truth: the same shape.

    Returns:
        The mean of 20 log10(255 / sqrt(MSE)). A frame counts at most 100 dB; so do equal frames.
    """
    return over_pairs(fidelity.of_channels(fidelity.psnr, eight_bit))(restored, truth)


def ssim(restored: Tensor, truth: Tensor) -> float:
    """Return the structural similarity, -1 to 1, mean over channels and frames.

    Args:
        restored: (T, 3, H, W), RGB, 0-1; clamped and rounded to 8 bits before they are compared.
        truth: the same shape.

    Raises:
        TrainingError: H or W is below 11.
    """
    height, width = truth.shape[-2:]
    least = fidelity.SSIM_WINDOW
    if min(height, width) < least:
        raise TrainingError(
            f"SSIM needs frames of {least}x{least} pixels or more, not {width}x{height}: validate on larger "
            "ones."
        )
    return over_pairs(fidelity.of_channels(fidelity.ssim, eight_bit))(restored, truth)
