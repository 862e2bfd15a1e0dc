"""PAL and NTSC: colour on a subcarrier in the brightness signal, and decoders that separate them badly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from training.degradation.old.colour import from_planes, to_planes
from training.degradation.old.lines import band_limited, deviation, smoothed
from training.degradation.old.parameters import Composite, Standard

_MARGIN = 32  # pixels added to both ends of lines, so that filters see no jump of the subcarrier
_U, _V = 0.492111 * 1.772, 0.877283 * 1.402  # factors from Cb and Cr to U and V of BT.470


class _Raster(NamedTuple):
    """Lines per frame, subcarrier cycles per line, and lines of a field until its phase is opposite."""

    lines: int
    cycles: float
    opposite: int


_RASTERS: dict[Standard, _Raster] = {
    "pal": _Raster(625, 283.75 + 1 / 625, 2),
    "ntsc": _Raster(525, 227.5, 1),
}


def through_composite(frames: Tensor, composite: Composite, numbers: Sequence[int]) -> Tensor:
    """Encode frames to the composite signal and decode them.

    The phase is that of interlaced frames: even lines are the first field, odd lines the second. It continues
    from line to line and from frame to frame as the standards say (ITU-R BT.470), and PAL inverts V on every
    other line. The decoder demodulates with a low-pass filter, which takes fine brightness for colour: this
    gives rainbows. Then it subtracts this colour from the brightness. Edges of colour remain there, because
    the encoder's filter is less steep: this gives dot crawl. A comb filter takes as colour only the part of
    the signal that is opposite on the neighbouring lines of the field.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; not changed.
        composite: standard, subcarrier, and quality of the decoder.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped.
    """
    # Only this mode of F.pad can repeat the pixels of the border any number of times.
    brightness, colour = to_planes(F.pad(frames, (_MARGIN, _MARGIN, 0, 0), mode="replicate"))
    height, width = brightness.shape[-2:]
    bandwidths = [composite.bandwidth[number] for number in numbers]
    carrier = _carrier(composite, numbers, height, width).to(frames.device)
    weights = frames.new_tensor((_U, _V)).view(1, 2, 1, 1)
    narrow = smoothed(colour, [deviation(bandwidth) for bandwidth in bandwidths]) * weights
    signal = brightness + (narrow * carrier).sum(dim=1, keepdim=True)
    # A steep filter: here the brightness is only one subcarrier frequency away from the colour.
    taken = band_limited(2 * _combed(signal, composite, numbers) * carrier, bandwidths)
    notch = frames.new_tensor([composite.notch[number] for number in numbers]).view(-1, 1, 1, 1)
    decoded = from_planes(signal - notch * (taken * carrier).sum(dim=1, keepdim=True), taken / weights)
    return decoded[..., _MARGIN:-_MARGIN].contiguous()


def _carrier(composite: Composite, numbers: Sequence[int], height: int, width: int) -> Tensor:
    """Return the subcarriers of U and V: (B, 2, H, W) float32."""
    raster = _RASTERS[composite.standard]
    rows = torch.arange(height)
    lines = rows // 2 + rows % 2 * (raster.lines // 2 + 1)
    first = torch.tensor([(composite.start + number) * raster.lines for number in numbers])
    ordinal = first[:, None] + lines  # line numbers, from the first frame of the colour sequence
    # In float64: after some frames there are so many whole cycles that float32 could not hold the phase.
    start = (ordinal.double() * raster.cycles + composite.phase) % 1
    cycles = start[..., None] + composite.subcarrier * (torch.arange(width, dtype=torch.float64) - _MARGIN)
    angle = (cycles % 1).float().mul_(2 * math.pi)
    turned = 1 - 2 * (ordinal % 2) if composite.standard == "pal" else torch.ones_like(ordinal)
    return torch.stack((angle.sin(), angle.cos() * turned[..., None]), dim=1)


def _combed(signal: Tensor, composite: Composite, numbers: Sequence[int]) -> Tensor:
    """Return the signal that the decoder takes for colour, before it is demodulated."""
    distance = 2 * _RASTERS[composite.standard].opposite
    height = signal.shape[-2]
    rows = torch.arange(height, device=signal.device)
    above = torch.where(rows >= distance, rows - distance, rows + distance).clamp_(max=height - 1)
    below = torch.where(rows < height - distance, rows + distance, rows - distance).clamp_(min=0)
    neighbours = (signal[..., above, :] + signal[..., below, :]) / 2
    share = signal.new_tensor([composite.comb[number] / 2 for number in numbers]).view(-1, 1, 1, 1)
    return torch.lerp(signal, -neighbours, share)
