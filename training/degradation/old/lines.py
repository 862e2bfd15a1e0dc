"""Low-pass filters along the lines of pictures and of random fields, by Fourier transform."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def deviation(bandwidth: float) -> float:
    """Return the deviation in pixels of the Gaussian that halves the power at a frequency in cycles/pixel."""
    return math.sqrt(math.log(2)) / (2 * math.pi * bandwidth)


def smoothed(planes: Tensor, deviations: Sequence[float], shifts: Tensor | None = None) -> Tensor:
    """Low-pass the lines of each frame, and shift them.

    Beyond their ends, lines are mirrored with the last pixel repeated.

    Args:
        planes: (B, C, H, W) float32.
        deviations: deviation of each frame's Gaussian in pixels; 0 does not change the frame.
        shifts: (B, 1, H or 1, 1) shift to the right in pixels, also fractions; None: no shift.

    Returns:
        (B, C, H, W) float32.
    """
    width = planes.shape[-1]
    spectrum = torch.fft.rfft(torch.cat((planes, planes.flip(-1)), dim=-1))
    spectrum = spectrum * _response(2 * width, deviations, planes)
    if shifts is not None:
        turns = torch.fft.rfftfreq(2 * width, device=planes.device) * shifts
        spectrum = spectrum * torch.polar(torch.ones_like(turns), -2 * math.pi * turns)
    whole: Tensor = torch.fft.irfft(spectrum, n=2 * width)
    return whole[..., :width].contiguous()


def band_limited(planes: Tensor, bandwidths: Sequence[float]) -> Tensor:
    """Low-pass the lines of each frame steeply: nearly all of half the bandwidth passes, nothing of twice it.

    The power is halved at the bandwidth; the response is exp(-(f / bandwidth)**4 ln(2) / 2). See `smoothed`
    for the ends of lines.

    Args:
        planes: (B, C, H, W) float32.
        bandwidths: bandwidth of each frame in cycles per pixel.

    Returns:
        (B, C, H, W) float32.
    """
    width = planes.shape[-1]
    frequencies = torch.fft.rfftfreq(2 * width, device=planes.device)
    relative = frequencies / planes.new_tensor(bandwidths).view(-1, 1, 1, 1)
    response = torch.exp(relative**4 * (-math.log(2) / 2))
    spectrum = torch.fft.rfft(torch.cat((planes, planes.flip(-1)), dim=-1)) * response
    whole: Tensor = torch.fft.irfft(spectrum, n=2 * width)
    return whole[..., :width].contiguous()


def smoothed_noise(field: Tensor, deviations: Sequence[float]) -> Tensor:
    """Low-pass the lines of white noise circularly; the variance stays 1.

    Args:
        field: (B, C, H, W) float32, independent values of variance 1.
        deviations: deviation of each frame's Gaussian in pixels.

    Returns:
        (B, C, H, W) float32.
    """
    width = field.shape[-1]
    response = _response(width, deviations, field)
    power = response.square()
    # In the full spectrum of a real line, all frequencies occur twice except 0 and, at even width, the last.
    twice = 2 * power.sum(dim=-1, keepdim=True) - power[..., :1]
    if width % 2 == 0:
        twice = twice - power[..., -1:]
    response = response / (twice / width).sqrt()
    whole: Tensor = torch.fft.irfft(torch.fft.rfft(field) * response, n=width)
    return whole


def _response(length: int, deviations: Sequence[float], like: Tensor) -> Tensor:
    """Return the Gaussians' spectra: (B, 1, 1, length // 2 + 1)."""
    frequencies = torch.fft.rfftfreq(length, device=like.device, dtype=like.dtype)
    sigma = torch.tensor(deviations, device=like.device, dtype=like.dtype).view(-1, 1, 1, 1)
    return torch.exp(-2 * (math.pi * sigma * frequencies).square())
