"""Between decoded frames and RGB: exact, in floats, without FFmpeg's scaler.

The scaler is off by half a code value of 8 bits on average, and takes untagged frames for BT.601.
"""

from __future__ import annotations

import ctypes
from collections.abc import Buffer
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour import Colour
from vsrealbasicvsr.video.layout import Channel, Layout, pixel_layout, readable_format
from vsrealbasicvsr.video.resample import Kernel, resample

# zimg's default. On a film's chroma, halved and enlarged again: 50.4 dB; bilinear 49.5, lanczos 50.8 with
# more ringing; the kernels' costs differ by a tenth.
_CHROMA_KERNEL: Kernel = "bicubic"
_IDENTITY = 0


def rgb_from_frame(frame: av.VideoFrame, colour: Colour) -> Tensor:
    """Turn a decoded frame into RGB.

    Args:
        frame: Of any pixel format that `pixel_layout` knows; alpha is dropped.
        colour: What its numbers mean.

    Returns:
        (3, H, W), float32, clamped to 0-1, on the CPU.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    readable = readable_format(frame.format.name)
    layout = pixel_layout(readable)
    if readable != frame.format.name:
        frame = frame.reformat(format=readable)
    codes = _Codes.of(layout, colour)
    if layout.family != "yuv":
        picture = _read(frame, layout, layout.channels)
        picture.sub_(codes.black).div_(codes.luma).clamp_(0, 1)
        return picture if layout.family == "rgb" else picture.repeat(3, 1, 1)
    luma = _read(frame, layout, layout.channels[:1])[0].sub_(codes.black).div_(codes.luma)
    chroma = _read(frame, layout, layout.channels[1:])
    if colour.matrix == _IDENTITY:
        return _from_identity(luma, chroma.sub_(codes.black).div_(codes.luma), layout)
    chroma.sub_(codes.grey).div_(codes.chroma)
    return _rgb_from_yuv(luma, _enlarge(chroma, luma.shape, layout, colour), colour)


def frame_from_rgb(rgb: Tensor, pixel_format: str, colour: Colour) -> av.VideoFrame:
    """Turn RGB into a frame, rounded to the nearest codes and tagged.

    Args:
        rgb: (3, H, W), float32; what lies outside 0-1 is cut off where the codes end.
        pixel_format: FFmpeg's name of a format without alpha.
        colour: What the numbers shall mean; RGB formats have no matrix, `yuvj` formats are full range.

    Raises:
        VideoError: the pixel format cannot be written, or the matrix is not supported.
    """
    layout = pixel_layout(pixel_format)
    if layout.spare:
        raise VideoError(
            f"pixel format {pixel_format} cannot be written: choose one without alpha, such as yuv444p16le."
        )
    codes = _Codes.of(layout, colour)
    frame = av.VideoFrame(rgb.shape[2], rgb.shape[1], pixel_format)
    rgb = rgb.detach().to("cpu", torch.float32)
    if layout.family == "rgb":
        _write(frame, layout, layout.channels, (rgb * codes.luma).add_(codes.black))
    elif colour.matrix == _IDENTITY and layout.family == "yuv":
        _check_identity(layout)
        _write(frame, layout, layout.channels, rgb[[1, 2, 0]] * codes.luma + codes.black)
    else:
        luma = _luma(rgb, colour)
        if layout.family == "yuv":
            for channel, blue in zip(layout.channels[1:], (True, False), strict=True):  # half the memory
                chroma = _reduce(_chroma(rgb, luma, colour, blue=blue), layout, colour)
                _write(frame, layout, (channel,), chroma.mul_(codes.chroma).add_(codes.grey))
                del chroma
        _write(frame, layout, layout.channels[:1], luma.mul_(codes.luma).add_(codes.black)[None])
    _tag(frame, layout, colour)
    return frame


@dataclass(frozen=True, slots=True)
class _Codes:
    """What samples stand for, as they lie in memory.

    Attributes:
        luma: Steps from black to white.
        black: The sample of black.
        chroma: Steps from the lowest to the highest chroma.
        grey: The chroma sample of grey.
    """

    luma: float
    black: float
    chroma: float
    grey: float

    @classmethod
    def of(cls, layout: Layout, colour: Colour) -> _Codes:
        if layout.is_float:
            return cls(1.0, 0.0, 1.0, 0.0)
        unit = float(1 << layout.shift)
        step = unit * 2 ** (layout.depth - 8)
        if colour.full_range or layout.full_range:
            highest = (2**layout.depth - 1) * unit
            return cls(highest, 0.0, highest, 128 * step)
        return cls(219 * step, 16 * step, 224 * step, 128 * step)


def _rgb_from_yuv(luma: Tensor, chroma: Tensor, colour: Colour) -> Tensor:
    """Luma (H, W), 0-1, and chroma (2, H, W), +-0.5, to RGB (3, H, W)."""
    kr, kb = colour.luma_coefficients
    to_red, to_blue = 2 * (1 - kr), 2 * (1 - kb)
    rgb = torch.empty(3, *luma.shape)
    torch.add(luma, chroma[1], alpha=to_red, out=rgb[0])
    torch.add(luma, chroma[0], alpha=to_blue, out=rgb[2])
    kg = 1 - kr - kb
    torch.add(luma, chroma[1], alpha=-to_red * kr / kg, out=rgb[1])
    rgb[1].add_(chroma[0], alpha=-to_blue * kb / kg)
    return rgb.clamp_(0, 1)


def _luma(rgb: Tensor, colour: Colour) -> Tensor:
    kr, kb = colour.luma_coefficients
    return (rgb[0] * kr).add_(rgb[1], alpha=1 - kr - kb).add_(rgb[2], alpha=kb)


def _chroma(rgb: Tensor, luma: Tensor, colour: Colour, *, blue: bool) -> Tensor:
    """Cb or Cr, (1, H, W)."""
    kr, kb = colour.luma_coefficients
    return (rgb[2 if blue else 0] - luma).div_(2 * (1 - (kb if blue else kr)))[None]


def _from_identity(luma: Tensor, chroma: Tensor, layout: Layout) -> Tensor:
    """Green, blue and red in the places of Y, U and V."""
    _check_identity(layout)
    return torch.stack((chroma[1], luma, chroma[0])).clamp_(0, 1)


def _check_identity(layout: Layout) -> None:
    if layout.is_subsampled:
        raise VideoError("RGB (the identity matrix) cannot be subsampled: tag the video with its matrix.")


def _enlarge(chroma: Tensor, size: torch.Size, layout: Layout, colour: Colour) -> Tensor:
    """Chroma at every luma pixel; the grid of odd sizes ends beyond the picture."""
    down, across = layout.subsampling
    if not layout.is_subsampled:
        return chroma
    y, x = _offset(layout, colour)
    full = (down * chroma.shape[1], across * chroma.shape[2])
    enlarged = resample(chroma, full, kernel=_CHROMA_KERNEL, shift=(-y / down, -x / across))
    return enlarged[:, : size[0], : size[1]]


def _reduce(chroma: Tensor, layout: Layout, colour: Colour) -> Tensor:
    if not layout.is_subsampled:
        return chroma
    down, across = layout.subsampling
    size = -(-chroma.shape[1] // down), -(-chroma.shape[2] // across)
    source = float(size[0] * down), float(size[1] * across)
    return resample(chroma, size, kernel=_CHROMA_KERNEL, shift=_offset(layout, colour), source=source)


def _offset(layout: Layout, colour: Colour) -> tuple[float, float]:
    """How far (y, x) chroma lies from the middle of its luma pixels, in luma pixels."""
    down, across = layout.subsampling
    location = colour.chroma_location or 1
    side = (across - 1) / 2 if location in (1, 3, 5) else 0.0
    height = (down - 1) / 2
    return (-height if location in (3, 4) else height if location in (5, 6) else 0.0), -side


def _read(frame: av.VideoFrame, layout: Layout, channels: tuple[Channel, ...]) -> Tensor:
    """Samples as they are: (channels, h, w), float32."""
    views = [_view(frame, layout, channel) for channel in channels]
    samples = np.empty((len(views), *views[0].shape), np.float32)
    for into, view in zip(samples, views, strict=True):
        into[...] = view
    return torch.from_numpy(samples)


def _write(frame: av.VideoFrame, layout: Layout, channels: tuple[Channel, ...], samples: Tensor) -> None:
    """Round (channels, h, w), which is overwritten, to codes and store them."""
    if not layout.is_float:
        unit = 1 << layout.shift
        samples.div_(unit).round_().clamp_(0, 2**layout.depth - 1).mul_(unit)
    for values, channel in zip(samples.numpy(), channels, strict=True):
        _view(frame, layout, channel)[...] = values


def _view(frame: av.VideoFrame, layout: Layout, channel: Channel) -> NDArray[Any]:
    """The samples of a channel in the frame's own memory: (h, w)."""
    plane = frame.planes[channel.plane]
    is_chroma = layout.family == "yuv" and channel != layout.channels[0]
    down, across = layout.subsampling if is_chroma else (1, 1)
    shape = -(-frame.height // down), -(-frame.width // across)
    sample = np.dtype(layout.sample)
    offset, buffer = channel.offset * sample.itemsize, cast(Buffer, plane)
    if plane.line_size < 0:  # upside down: the plane begins at its last line, which PyAV does not know
        above = -plane.line_size * (shape[0] - 1)
        lines = ctypes.c_uint8 * (above - plane.line_size)
        buffer, offset = lines.from_address(plane.buffer_ptr - above), offset + above
    strides = plane.line_size, channel.step * sample.itemsize
    return np.ndarray(shape, sample, buffer, offset, strides)


def _tag(frame: av.VideoFrame, layout: Layout, colour: Colour) -> None:
    frame.colorspace = _IDENTITY if layout.family == "rgb" else colour.matrix
    frame.color_range = 2 if colour.full_range or layout.full_range else 1
    frame.color_primaries = colour.primaries
    frame.color_trc = colour.transfer
    if layout.is_subsampled:
        frame.chroma_location = colour.chroma_location or 1
