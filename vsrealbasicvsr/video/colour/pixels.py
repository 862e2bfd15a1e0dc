"""Exact conversion between frames, their code values and RGB, in floats, on any device.

FFmpeg's scaler is not used: its error is half an 8-bit code value on average, and it reads untagged frames
as BT.601.
"""

from __future__ import annotations

import ctypes
from collections.abc import Buffer, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.layout import Channel, Layout, pixel_layout, readable_format
from vsrealbasicvsr.video.colour.resample import Kernel, resample
from vsrealbasicvsr.video.colour.tags import Colour

# zimg's default. PSNR of a film's chroma, halved and enlarged again: 50.4 dB; bilinear has 49.5 dB, lanczos
# 50.8 dB with more ringing. The costs of the kernels differ by a tenth.
_CHROMA_KERNEL: Kernel = "bicubic"
_IDENTITY = 0
_SAMPLES = {
    np.dtype(name): dtype
    for name, dtype in (
        ("u1", torch.uint8),
        ("u2", torch.uint16),
        ("f2", torch.float16),
        ("f4", torch.float32),
    )
}


def rgb_from_frame(frame: av.VideoFrame, colour: Colour) -> Tensor:
    """Convert a decoded frame to RGB.

    Args:
        frame: A frame of any pixel format that `pixel_layout` knows; alpha is dropped.
        colour: Colour of the frame.

    Returns:
        (3, H, W), float32, clamped to 0-1, on the CPU.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    return rgb_from_codes(codes_from_frame(frame), frame.width, frame.height, frame.format.name, colour)


def codes_from_frame(frame: av.VideoFrame) -> Tensor:
    """Copy the samples of a decoded frame.

    They are sent to a GPU instead of RGB, because they have an eighth of the bytes.

    Returns:
        (samples,), in the format's own type, channel after channel, on the CPU.

    Raises:
        VideoError: the pixel format is not supported.
    """
    readable = readable_format(frame.format.name)
    layout = pixel_layout(readable)
    if readable != frame.format.name:
        frame = frame.reformat(format=readable)
    views = [_view(frame, layout, channel) for channel in layout.channels]
    codes = np.empty(sum(view.size for view in views), views[0].dtype.newbyteorder("="))
    for view, part in zip(views, _parts(codes, frame.width, frame.height, layout), strict=True):
        part[...] = view
    return torch.from_numpy(codes)


def rgb_from_codes(codes: Tensor, width: int, height: int, pixel_format: str, colour: Colour) -> Tensor:
    """Convert the result of `codes_from_frame` to RGB, on its device.

    Args:
        codes: (samples,).
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
        pixel_format: FFmpeg's name of the frame's format.
        colour: Colour of the frame.

    Returns:
        (3, H, W), float32, clamped to 0-1.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    layout = pixel_layout(readable_format(pixel_format))
    scale = _Codes.of(layout, colour)
    channels = _parts(codes, width, height, layout)
    if layout.family != "yuv":
        picture = _stacked(channels).sub_(scale.black).div_(scale.luma).clamp_(0, 1)
        return picture if layout.family == "rgb" else picture.repeat(3, 1, 1)
    luma = _stacked(channels[:1])[0].sub_(scale.black).div_(scale.luma)
    chroma = _stacked(channels[1:])
    if colour.matrix == _IDENTITY:
        return _from_identity(luma, chroma.sub_(scale.black).div_(scale.luma), layout)
    chroma.sub_(scale.grey).div_(scale.chroma)
    return _rgb_from_yuv(luma, _enlarge(chroma, luma.shape, layout, colour), colour)


def frame_from_rgb(rgb: Tensor, pixel_format: str, colour: Colour) -> av.VideoFrame:
    """Convert RGB to a frame, rounded to the nearest codes, with colour tags.

    Args:
        rgb: (3, H, W), float32; values outside 0-1 are clamped to the range of the codes.
        pixel_format: FFmpeg's name of a format without alpha.
        colour: Colour of the frame; RGB formats have no matrix, `yuvj` formats are full range.

    Raises:
        VideoError: the pixel format cannot be written, or the matrix is not supported.
    """
    layout = _writable(pixel_format)
    frame = av.VideoFrame(rgb.shape[2], rgb.shape[1], pixel_format)
    for n, samples in _coded(rgb.detach().to("cpu", torch.float32), layout, colour):
        _view(frame, layout, layout.channels[n])[...] = samples.numpy()
        del samples  # frees the memory before the next channel is computed
    _tag(frame, layout, colour)
    return frame


def codes_from_rgb(rgb: Tensor, pixel_format: str, colour: Colour) -> Tensor:
    """Convert RGB to a frame's samples on its device, for `frame_from_codes`.

    Args:
        rgb: See `frame_from_rgb`.
        pixel_format: See `frame_from_rgb`.
        colour: See `frame_from_rgb`.

    Returns:
        (samples,), in the format's own type, channel after channel.

    Raises:
        VideoError: the pixel format cannot be written, or the matrix is not supported.
    """
    layout = _writable(pixel_format)
    height, width = rgb.shape[1:]
    sizes = [rows * columns for rows, columns in _shapes(width, height, layout)]
    codes = torch.empty(
        sum(sizes), dtype=_SAMPLES[np.dtype(layout.sample).newbyteorder("=")], device=rgb.device
    )
    parts = _parts(codes, width, height, layout)
    for n, samples in _coded(rgb.detach().float(), layout, colour):
        parts[n].copy_(samples)
        del samples  # frees the memory before the next channel is computed
    return codes


def frame_from_codes(
    codes: Tensor, width: int, height: int, pixel_format: str, colour: Colour
) -> av.VideoFrame:
    """Make a frame from the result of `codes_from_rgb`, which must be on the CPU; use the same arguments."""
    layout = _writable(pixel_format)
    frame = av.VideoFrame(width, height, pixel_format)
    for channel, part in zip(layout.channels, _parts(codes.numpy(), width, height, layout), strict=True):
        _view(frame, layout, channel)[...] = part
    _tag(frame, layout, colour)
    return frame


def _writable(pixel_format: str) -> Layout:
    layout = pixel_layout(pixel_format)
    if layout.spare:
        raise VideoError(
            f"pixel format {pixel_format} cannot be written: choose one without alpha, such as yuv444p16le."
        )
    return layout


def _coded(rgb: Tensor, layout: Layout, colour: Colour) -> Iterator[tuple[int, Tensor]]:
    """Yield each channel's index in the layout and its samples, (h, w), float32.

    Luma comes last, because chroma is computed from it and luma's samples overwrite it.
    """
    scale = _Codes.of(layout, colour)
    if layout.family == "rgb" or (layout.family == "yuv" and colour.matrix == _IDENTITY):
        if layout.family == "yuv":
            _check_identity(layout)
            rgb = rgb[[1, 2, 0]]
        for n, channel in enumerate(rgb):
            yield n, _rounded((channel * scale.luma).add_(scale.black), layout)
        return
    luma = _luma(rgb, colour)
    if layout.family == "yuv":
        for n, blue in ((1, True), (2, False)):  # one at a time takes half the memory
            chroma = _reduce(_chroma(rgb, luma, colour, blue=blue), layout, colour)
            yield n, _rounded(chroma.mul_(scale.chroma).add_(scale.grey), layout)[0]
            del chroma
    yield 0, _rounded(luma.mul_(scale.luma).add_(scale.black), layout)


def _rounded(samples: Tensor, layout: Layout) -> Tensor:
    """Round samples to the nearest codes, in place."""
    if layout.is_float:
        return samples
    unit = 1 << layout.shift
    return samples.div_(unit).round_().clamp_(0, 2**layout.depth - 1).mul_(unit)


@dataclass(frozen=True, slots=True)
class _Codes:
    """The scale of the samples, as they are stored.

    Attributes:
        luma: Difference between the samples of white and black.
        black: The sample of black.
        chroma: Difference between the highest and the lowest chroma sample.
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
    """Convert luma (H, W), 0-1, and chroma (2, H, W), +-0.5, to RGB (3, H, W), 0-1."""
    kr, kb = colour.luma_coefficients
    to_red, to_blue = 2 * (1 - kr), 2 * (1 - kb)
    rgb = torch.empty(3, *luma.shape, device=luma.device)
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
    """Return Cb (`blue`) or Cr, (1, H, W)."""
    kr, kb = colour.luma_coefficients
    return (rgb[2 if blue else 0] - luma).div_(2 * (1 - (kb if blue else kr)))[None]


def _from_identity(luma: Tensor, chroma: Tensor, layout: Layout) -> Tensor:
    """Return RGB from samples in which Y, U and V hold green, blue and red."""
    _check_identity(layout)
    return torch.stack((chroma[1], luma, chroma[0])).clamp_(0, 1)


def _check_identity(layout: Layout) -> None:
    if layout.is_subsampled:
        raise VideoError("RGB (the identity matrix) cannot be subsampled: tag the video with its matrix.")


def _enlarge(chroma: Tensor, size: torch.Size, layout: Layout, colour: Colour) -> Tensor:
    """Return chroma at every luma pixel; for odd sizes, its grid extends beyond the frame and is cropped."""
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
    """Return the distance (y, x) of chroma samples from the middle of their luma pixels, in luma pixels."""
    down, across = layout.subsampling
    location = colour.chroma_location or 1
    side = (across - 1) / 2 if location in (1, 3, 5) else 0.0
    height = (down - 1) / 2
    return (-height if location in (3, 4) else height if location in (5, 6) else 0.0), -side


def _stacked(channels: Sequence[Tensor]) -> Tensor:
    """Copy channels of one shape into a tensor (channels, h, w), float32."""
    stacked = torch.empty(len(channels), *channels[0].shape, device=channels[0].device)
    for into, channel in zip(stacked, channels, strict=True):
        into.copy_(channel)
    return stacked


def _parts[Samples: (Tensor, NDArray[Any])](
    codes: Samples, width: int, height: int, layout: Layout
) -> list[Samples]:
    """Split samples that lie channel after channel into views, each (h, w), of the same memory."""
    parts, start = [], 0
    for rows, columns in _shapes(width, height, layout):
        stop = start + rows * columns
        parts.append(codes[start:stop].reshape(rows, columns))
        start = stop
    return parts


def _shapes(width: int, height: int, layout: Layout) -> list[tuple[int, int]]:
    """Return rows and columns of each channel."""
    down, across = layout.subsampling
    small = -(-height // down), -(-width // across)
    return [small if layout.family == "yuv" and n else (height, width) for n in range(len(layout.channels))]


def _view(frame: av.VideoFrame, layout: Layout, channel: Channel) -> NDArray[Any]:
    """Return a view, (h, w), of a channel's samples in the frame's own memory."""
    plane = frame.planes[channel.plane]
    shape = _shapes(frame.width, frame.height, layout)[layout.channels.index(channel)]
    sample = np.dtype(layout.sample)
    offset, buffer = channel.offset * sample.itemsize, cast(Buffer, plane)
    if plane.line_size < 0:  # upside down: the memory begins with the last line, which PyAV ignores
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
