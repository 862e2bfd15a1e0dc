"""Metrics of restored frames against the ground truth: PSNR, SSIM, LPIPS (specification, section 9.1)."""

from training.metrics.lpips import Lpips, available
from training.metrics.psnr_ssim import psnr, ssim

__all__ = ["Lpips", "available", "psnr", "ssim"]
