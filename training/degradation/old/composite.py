"""PAL and NTSC: colour on a subcarrier within the brightness, and decoders that do not part them well."""

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

_MARGIN = 32  # pixels that lines go on to both sides, so that filters meet no jump of the subcarrier
_U, _V = 0.492111 * 1.772, 0.877283 * 1.402  # of Cb and Cr: U and V of BT.470


class _Raster(NamedTuple):
    """Lines of a frame, cycles of the subcarrier on a line, lines of a field until its phase is opposite."""

    lines: int
    cycles: float
    opposite: int


_RASTERS: dict[Standard, _Raster] = {
    "pal": _Raster(625, 283.75 + 1 / 625, 2),
    "ntsc": _Raster(525, 227.5, 1),
}


def through_composite(frames: Tensor, composite: Composite, numbers: Sequence[int]) -> Tensor:
    """Encode frames to the composite signal and decode them.

    The phase is that of interlaced frames: even lines are the first field, odd ones the second; it goes on
    from line to line and frame to frame as the standards say (ITU-R BT.470), and PAL turns V over on every
    line. The decoder demodulates with a low-pass filter, which takes fine brightness for colour: rainbows.
    It subtracts what it took from the brightness; edges of colour remain there, because the encoder's filter
    is not as steep: dots that crawl. A comb takes for colour only what is opposite on the neighbouring lines
    of the field.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1; left as they are.
        composite: standard, subcarrier, and quality of the decoder.
        numbers: the B frames' numbers in their clip.

    Returns:
        (B, 3, H, W) float32, not clipped.
    """
    # F.pad takes the border's pixels any number of times only by this mode.
    brightness, colour = to_planes(F.pad(frames, (_MARGIN, _MARGIN, 0, 0), mode="replicate"))
    height, width = brightness.shape[-2:]
    bandwidths = [composite.bandwidth[number] for number in numbers]
    carrier = _carrier(composite, numbers, height, width).to(frames.device)
    weights = frames.new_tensor((_U, _V)).view(1, 2, 1, 1)
    narrow = smoothed(colour, [deviation(bandwidth) for bandwidth in bandwidths]) * weights
    signal = brightness + (narrow * carrier).sum(dim=1, keepdim=True)
    # Steep, because the brightness lies only a subcarrier away from the colour here.
    taken = band_limited(2 * _combed(signal, composite, numbers) * carrier, bandwidths)
    notch = frames.new_tensor([composite.notch[number] for number in numbers]).view(-1, 1, 1, 1)
    decoded = from_planes(signal - notch * (taken * carrier).sum(dim=1, keepdim=True), taken / weights)
    return decoded[..., _MARGIN:-_MARGIN].contiguous()


def _carrier(composite: Composite, numbers: Sequence[int], height: int, width: int) -> Tensor:
    """The subcarriers of U and V: (B, 2, H, W) float32."""
    raster = _RASTERS[composite.standard]
    rows = torch.arange(height)
    lines = rows // 2 + rows % 2 * (raster.lines // 2 + 1)
    first = torch.tensor([(composite.start + number) * raster.lines for number in numbers])
    ordinal = first[:, None] + lines  # of the lines, counted from the first frame of the colour sequence
    # In float64: after some frames the whole cycles would leave float32 nothing for the phase.
    start = (ordinal.double() * raster.cycles + composite.phase) % 1
    cycles = start[..., None] + composite.subcarrier * (torch.arange(width, dtype=torch.float64) - _MARGIN)
    angle = (cycles % 1).float().mul_(2 * math.pi)
    turned = 1 - 2 * (ordinal % 2) if composite.standard == "pal" else torch.ones_like(ordinal)
    return torch.stack((angle.sin(), angle.cos() * turned[..., None]), dim=1)


def _combed(signal: Tensor, composite: Composite, numbers: Sequence[int]) -> Tensor:
    """What the decoder takes for colour, before it is demodulated."""
    distance = 2 * _RASTERS[composite.standard].opposite
    height = signal.shape[-2]
    rows = torch.arange(height, device=signal.device)
    above = torch.where(rows >= distance, rows - distance, rows + distance).clamp_(max=height - 1)
    below = torch.where(rows < height - distance, rows + distance, rows - distance).clamp_(min=0)
    neighbours = (signal[..., above, :] + signal[..., below, :]) / 2
    share = signal.new_tensor([composite.comb[number] / 2 for number in numbers]).view(-1, 1, 1, 1)
    return torch.lerp(signal, -neighbours, share)
