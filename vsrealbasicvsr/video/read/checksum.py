"""A number that tells a decoded picture from others."""

from __future__ import annotations

import ctypes
import zlib

from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

_PALETTE = "pal8"


def checksum(picture: VideoFrame) -> int:
    """CRC-32 of a picture's pixel format, size and visible bytes.

    Padding of lines, time and tags do not count. Equal pictures have equal numbers on all machines; whether
    two kinds of processors decode a file to equal pictures is up to its codec, and not sure with MPEG-2.
    """
    value = zlib.crc32(f"{picture.format.name} {picture.width}x{picture.height}".encode())
    for number, plane in enumerate(picture.planes):
        length = _line_bytes(picture, number, plane)
        for y in range(plane.height):
            # By address: PyAV's buffer is in the wrong place for pictures that are stored upside down.
            line = ctypes.string_at(plane.buffer_ptr + y * plane.line_size, length)
            value = zlib.crc32(line, value)
    return value


def _line_bytes(picture: VideoFrame, number: int, plane: VideoPlane) -> int:
    """Of a plane's line, without padding."""
    form = picture.format
    if form.name == _PALETTE and number == 1:
        return plane.buffer_size
    parts = [component for component in form.components if component.plane == number]
    if len(parts) == len(form.components):  # packed, perhaps with bits that belong to no component
        length = -(-plane.width * form.padded_bits_per_pixel // 8)
    else:
        length = sum(part.width * -(-part.bits // 8) for part in parts)
    return min(length, abs(plane.line_size))
