"""Checksums of decoded frames."""

from __future__ import annotations

import ctypes
import zlib

from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

_PALETTE = "pal8"


def checksum(picture: VideoFrame) -> int:
    """Return the CRC-32 of a frame's pixel format, size and visible bytes.

    Padding of lines, time stamps and tags are not included. Equal frames have equal checksums on all
    machines. Some codecs, such as MPEG-2, may decode to different frames on different kinds of processors.
    """
    value = zlib.crc32(f"{picture.format.name} {picture.width}x{picture.height}".encode())
    for number, plane in enumerate(picture.planes):
        length = _line_bytes(picture, number, plane)
        for y in range(plane.height):
            # By address, because PyAV's buffer is in the wrong place for frames that are stored upside down.
            line = ctypes.string_at(plane.buffer_ptr + y * plane.line_size, length)
            value = zlib.crc32(line, value)
    return value


def _line_bytes(picture: VideoFrame, number: int, plane: VideoPlane) -> int:
    """Return the number of bytes of a plane's line without padding."""
    form = picture.format
    if form.name == _PALETTE and number == 1:
        return plane.buffer_size
    parts = [component for component in form.components if component.plane == number]
    if len(parts) == len(form.components):  # packed, and may have bits that belong to no component
        length = -(-plane.width * form.padded_bits_per_pixel // 8)
    else:
        length = sum(part.width * -(-part.bits // 8) for part in parts)
    return min(length, abs(plane.line_size))
