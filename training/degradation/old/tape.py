"""Video tape: low bandwidth, displaced lines, noise along the lines, dropouts, delayed colour."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.degradation.fields import keys, normal, uniform
from training.degradation.old.colour import from_planes, to_planes
from training.degradation.old.lines import deviation, smoothed, smoothed_noise
from training.degradation.old.parameters import Tape

_WAVE = 6.0  # lines: deviation of the Gaussian for the slow part of the time-base error
_QUICK, _SLOW = 0.6, 0.8  # shares of the quick and the slow part; their squares add up to 1
_TAIL = 12.0  # pixels over which a dropout falls to 1/e
_DROPOUT = 0.7  # strength of a dropout, relative to white
_COLOUR_LINES = 1.0  # lines: deviation of the colour noise's Gaussian; recorders average neighbouring lines


def through_tape(frames: Tensor, tape: Tape, numbers: Sequence[int]) -> Tensor:
    """Record frames and play them back.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; not changed.
        tape: bandwidths, time-base errors, noise, dropouts and the colour's delay.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped.
    """
    brightness, colour = to_planes(frames)
    places = _places(tape, numbers, brightness)
    luma = [deviation(tape.luma[number]) for number in numbers]
    chroma = [deviation(tape.chroma[number]) for number in numbers]
    brightness = smoothed(brightness, luma, places)
    colour = smoothed(colour, chroma, places + _each(tape.delay, numbers, places))
    noise = smoothed_noise(_normal(tape, numbers, brightness, 2), luma)
    blotches = smoothed_noise(_normal(tape, numbers, colour, 3), chroma)
    blotches = smoothed_noise(blotches.mT, [_COLOUR_LINES] * len(numbers)).mT
    brightness = brightness + _each(tape.noise, numbers, noise) / 255 * noise
    colour = colour + _each(tape.chroma_noise, numbers, noise) / 255 * blotches
    return from_planes(brightness + _streaks(tape, numbers, brightness), colour)


def _places(tape: Tape, numbers: Sequence[int], planes: Tensor) -> Tensor:
    """Return how far each line is displaced to the right, in pixels: (B, 1, H, 1)."""
    lines = planes[:, :1, :, :1]
    quick = _normal(tape, numbers, lines, 0)
    slow = smoothed_noise(_normal(tape, numbers, lines, 1).mT, [_WAVE] * len(numbers)).mT
    return _each(tape.jitter, numbers, planes) * (_QUICK * quick + _SLOW * slow)


def _streaks(tape: Tape, numbers: Sequence[int], planes: Tensor) -> Tensor:
    """Return dropouts, light or dark, which begin at random places and fade to the right: (B, 1, H, W)."""
    chance = uniform(keys(tape.seed, numbers, planes.device, field=4), planes.shape)
    begins = chance < _each(tape.streaks, numbers, planes) / 1000
    signs = _normal(tape, numbers, planes, 5).sign()
    width = planes.shape[-1]
    times = torch.arange(width, device=planes.device)
    fading = torch.fft.rfft(torch.exp(-times / _TAIL))
    faded: Tensor = torch.fft.irfft(torch.fft.rfft(begins * signs) * fading, n=width)
    return _DROPOUT * faded


def _normal(tape: Tape, numbers: Sequence[int], like: Tensor, field: int) -> Tensor:
    return normal(keys(tape.seed, numbers, like.device, field), like.shape)


def _each(values: Sequence[float], numbers: Sequence[int], like: Tensor) -> Tensor:
    return like.new_tensor([values[number] for number in numbers]).view(-1, 1, 1, 1)
