"""The pixel shape in a Matroska file, written after FFmpeg's muxer has finished.

The muxer reads the aspect ratio from a field that PyAV never fills (PyAV issue 764), but PyAV can set a
rotation. So the file is first written with a rotation that is too small to see. Then the fourteen bytes of
that rotation are replaced by the aspect ratio.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

PLACEHOLDER_DEGREES = 0.001
"""The rotation to write first; the muxer rounds smaller ones to none."""

_SEGMENT, _TRACKS, _ENTRY, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_PROJECTION, _UNIT, _WIDTH, _HEIGHT, _VOID, _CRC = 0x7670, 0x54B2, 0x54B0, 0x54BA, 0xEC, 0xBF
_ASPECT_RATIO = 3  # the display unit in which any ratio is exact; the unit of pixels would round it


@dataclass(frozen=True, slots=True)
class _Element:
    """An EBML element: its identifier, and the offsets of its start, body and end in the file."""

    ident: int
    start: int
    body: int
    end: int


def write_pixel_shape(path: Path, size: tuple[int, int], shape: Fraction) -> bool:
    """Replace the placeholder rotation of the first video track with a display aspect ratio.

    Args:
        path: A finished Matroska file. It is changed in place, and no other byte moves.
        size: Width and height of the frames in pixels.
        shape: Width over height of a pixel.

    Returns:
        Whether the placeholder was found.
    """
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        tracks = _find(data, _Element(0, 0, 0, len(data)), _SEGMENT, _TRACKS)
        video = tracks and _find(data, tracks, _ENTRY, _VIDEO)
        old = video and _find(data, video, _PROJECTION)
        unit = video and _find(data, video, _UNIT)
        if not (tracks and old and unit):
            return False
        ratio = (Fraction(*size) * shape).limit_denominator(0xFFFF)  # six bytes a number at most
        new = _integer(_WIDTH, ratio.numerator) + _integer(_HEIGHT, ratio.denominator)
        padding = old.end - old.start - len(new)
        data[old.start : old.end] = new + bytes((_VOID, 0x80 | padding - 2)) + bytes(padding - 2)
        data[unit.body : unit.end] = bytes((_ASPECT_RATIO,)).rjust(unit.end - unit.body, b"\0")
        _update_checksum(data, tracks)
        return True


def _find(data: mmap.mmap, parent: _Element, *path: int) -> _Element | None:
    """Return the first element at a path of identifiers below `parent`, or None."""
    for child in _children(data, parent):
        if child.ident == path[0]:
            element = _find(data, child, *path[1:]) if path[1:] else child
            if element:
                return element
    return None


def _children(data: mmap.mmap, parent: _Element) -> Iterator[_Element]:
    at = parent.body
    while at + 2 <= parent.end and data[at]:
        ident, body = _number(data, at, keep_marker=True)
        size, body = _number(data, body, keep_marker=False)
        yield _Element(ident, at, body, min(body + size, parent.end))
        at = body + size


def _number(data: mmap.mmap, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return an EBML number, whose length is in the leading zeros of its first byte, and where it ends."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length])
    return value if keep_marker else value & (1 << 7 * length) - 1, at + length


def _integer(ident: int, value: int) -> bytes:
    """Return an element with a two-byte identifier and an unsigned integer."""
    body = value.to_bytes((value.bit_length() + 7) // 8)
    return ident.to_bytes(2) + bytes((0x80 | len(body),)) + body


def _update_checksum(data: mmap.mmap, parent: _Element) -> None:
    """Write the CRC-32 of an element again, if it has one."""
    first = next(_children(data, parent), None)
    if first and first.ident == _CRC:
        data[first.body : first.end] = zlib.crc32(data[first.end : parent.end]).to_bytes(4, "little")
