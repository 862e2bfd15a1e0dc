"""JPEG compression and decompression of frames on any device: libjpeg's arithmetic without its bit stream.

Every step gives the same whole numbers as libjpeg-turbo's default ("islow"), stored as floating point.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.degradation.parameters import Jpeg

# The tables of annex K.1 of ITU-T T.81.
_LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)

# islow's cosines, multiplied by sqrt(8), in units of 2**-13. The factors of Loeffler, Ligtenberg and Moschytz
# are rounded before they are added up, so some values differ by one from the cosine itself.
_COSINES = (
    *(8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192),
    *(11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363),
    *(10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703),
    *(9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633),
    *(8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192),
    *(6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437),
    *(4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433),
    *(2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260),
)


def compress_frames(frames: Tensor, jpeg: Jpeg, numbers: Sequence[int]) -> Tensor:
    """Encode and decode frames with the qualities of their numbers (specification, section 7.5).

    Args:
        frames: (B, 3, H, W) float32 RGB; first rounded and saturated to 8 bits.
        jpeg: qualities, and whether red and blue are swapped.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32, multiples of 1/255.
    """
    pixels = (frames * 255).round_().clamp_(0, 255)
    if jpeg.swapped:
        pixels = pixels.flip(1)
    height, width = pixels.shape[-2:]
    luma, blue, red = _to_ycc(pixels)
    scales = torch.tensor([_scale(jpeg.quality[number]) for number in numbers], device=frames.device)
    luma = _coded(luma, _table(_LUMA, scales))[..., :height, :width]
    table = _table(_CHROMA, scales)
    blue, red = (_enlarged(_coded(_halved(plane), table), height, width) for plane in (blue, red))
    decoded = _to_rgb(luma, blue, red).clamp_(0, 255).div_(255)
    return decoded.flip(1) if jpeg.swapped else decoded


def _to_ycc(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return JFIF's luma, blue difference and red difference, each (B, H, W), 0-255."""
    red, green, blue = pixels.unbind(dim=1)
    # 16-bit fixed point: every sum stays below 2**24, where float32 represents whole numbers exactly.
    return (
        ((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536).floor_(),
        ((-11059 * red - 21709 * green + 32768 * blue + 8421375) / 65536).floor_(),
        ((32768 * red - 27439 * green - 5329 * blue + 8421375) / 65536).floor_(),
    )


def _to_rgb(luma: Tensor, blue: Tensor, red: Tensor) -> Tensor:
    blue, red = blue - 128, red - 128
    return torch.stack(
        (
            luma + ((91881 * red + 32768) / 65536).floor_(),
            luma + ((-22554 * blue - 46802 * red + 32768) / 65536).floor_(),
            luma + ((116130 * blue + 32768) / 65536).floor_(),
        ),
        dim=1,
    )


def _scale(quality: int) -> int:
    """Return the scale of the quantisation tables for a quality, in percent."""
    return 5000 // quality if quality < 50 else 200 - 2 * quality


def _table(base: Sequence[int], scales: Tensor) -> Tensor:
    """Return the quantisation steps of each frame: (B, 1, 8, 8) float64, horizontal frequency first."""
    steps = (torch.tensor(base, device=scales.device) * scales[:, None] + 50) // 100
    return steps.clamp(1, 255).double().view(-1, 1, 8, 8).transpose(-1, -2)


def _coded(plane: Tensor, table: Tensor) -> Tensor:
    """Transform, quantise and transform back a plane (B, H, W); the result is padded to whole blocks.

    In float64 the products and sums are exact, as libjpeg's are in integers.
    """
    rows, columns = (-length % 8 for length in plane.shape[-2:])
    plane = F.pad(plane[:, None], (0, columns, 0, rows), mode="replicate")[:, 0]
    frames, height, width = plane.shape
    blocks = plane.double().view(frames, height // 8, 8, width // 8, 8).transpose(2, 3)
    cosines = torch.tensor(_COSINES, dtype=torch.float64, device=plane.device).view(8, 8)
    sums = _rounded((blocks - 128) @ cosines.T, 11).transpose(-1, -2)
    coefficients = _rounded(sums @ cosines.T, 15).view(frames, -1, 8, 8)
    levels = (coefficients.abs() / (8 * table)).add_(0.5).floor_().copysign_(coefficients)
    sums = _rounded(levels.mul_(table) @ cosines, 11).transpose(-1, -2)
    blocks = _rounded(sums @ cosines, 18).add_(128).clamp_(0, 255)
    whole = blocks.float().view(frames, height // 8, width // 8, 8, 8).transpose(2, 3)
    return whole.reshape(frames, height, width)


def _rounded(values: Tensor, places: int) -> Tensor:
    """Shift right by `places` bits, with halves rounded up; in place."""
    return values.mul_(0.5**places).add_(0.5).floor_()


def _halved(plane: Tensor) -> Tensor:
    """Return means of 2x2 pixels, rounded down and up alternately as in libjpeg."""
    rows, columns = plane.shape[-2] % 2, -plane.shape[-1] % 16
    plane = F.pad(plane[:, None], (0, columns, 0, rows), mode="replicate")[:, 0]
    sums = plane[:, 0::2] + plane[:, 1::2]
    sums = sums[..., 0::2] + sums[..., 1::2]
    sums[..., 0::2] += 1
    sums[..., 1::2] += 2
    return (sums / 4).floor_()


def _enlarged(plane: Tensor, height: int, width: int) -> Tensor:
    """Enlarge chroma to full size by a triangle filter with libjpeg's rounding ("fancy upsampling")."""
    plane = plane[:, : (height + 1) // 2, : (width + 1) // 2]
    if plane.shape[-1] <= 2:
        plane = plane.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
        return plane[:, :height, :width]
    rows = _interleaved(*_mixed(plane, dim=1), dim=1)
    left, right = _mixed(rows, dim=2)
    both = _interleaved(((left + 8) / 16).floor_(), ((right + 7) / 16).floor_(), dim=2)
    return both[:, :height, :width]


def _mixed(plane: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return 3 * value + previous value, and 3 * value + next value; the border is repeated."""
    length = plane.shape[dim]
    before = torch.cat((plane.narrow(dim, 0, 1), plane.narrow(dim, 0, length - 1)), dim)
    after = torch.cat((plane.narrow(dim, 1, length - 1), plane.narrow(dim, length - 1, 1)), dim)
    return 3 * plane + before, 3 * plane + after


def _interleaved(even: Tensor, odd: Tensor, dim: int) -> Tensor:
    return torch.stack((even, odd), dim + 1).flatten(dim, dim + 1)
