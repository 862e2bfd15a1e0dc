"""The sample aspect ratio in the header of a NUT file, which PyAV cannot write."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import IO

_STREAM = bytes.fromhex("4e53 11405bf2f9db")
"""The startcode of a stream header."""
_LARGE = 4096
"""Packets with more bytes than this have one more checksum, after their length."""
_POLYNOMIAL = 0x04C11DB7


class Shaped:
    """A file object for NUT's muxer; it adds the sample aspect ratio to the header.

    Args:
        file: The file to write to.
        shape: Sample aspect ratio.
    """

    def __init__(self, file: IO[bytes], shape: Fraction) -> None:
        self._file, self._shape = file, shape
        self._begun = b""
        self._is_shaped = False

    def write(self, data: bytes) -> int:
        """Write the data; data is held back until the header is complete."""
        if self._is_shaped:
            self._file.write(data)
            return len(data)
        self._begun += bytes(data)
        shaped = with_shape(self._begun, self._shape)
        if shaped is not None:
            self._file.write(shaped)
            self._is_shaped, self._begun = True, b""
        return len(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()


def with_shape(begun: bytes, shape: Fraction) -> bytes | None:
    """Add the sample aspect ratio to the beginning of a NUT file that has one video stream.

    FFmpeg writes the header again later, without the ratio, but it reads the header only once.

    Returns:
        The new beginning, or None if the stream header is not complete yet.
    """
    start = begun.find(_STREAM)
    if start < 0:
        return None
    try:
        length, inside = _number(begun, start + len(_STREAM))
        if len(begun) < inside + length:
            return None
    except IndexError:
        return None
    header = begun[inside : inside + length - 4]
    place = _behind(header, (1, 1))  # stream number, stream class
    size, place = _number(header, place)
    place = _behind(header, (1,) * 5, place + size)  # behind the codec's tag: time base, times, delay, flags
    size, place = _number(header, place)
    place = _behind(header, (1, 1), place + size)  # behind the codec's data: width, height
    end = _behind(header, (1, 1), place)
    header = header[:place] + _digits(shape.numerator) + _digits(shape.denominator) + header[end:]
    head = _STREAM + _digits(len(header) + 4)
    assert len(header) + 4 <= _LARGE
    return begun[:start] + head + header + _checksum(header) + begun[inside + length :]


def _number(data: bytes, place: int) -> tuple[int, int]:
    """Read a number in 7-bit digits, the last without the eighth bit; return it and the place behind it."""
    number = 0
    while True:
        digit = data[place]
        number, place = number << 7 | digit & 0x7F, place + 1
        if digit < 0x80:
            return number, place


def _behind(data: bytes, numbers: Iterable[int], place: int = 0) -> int:
    """Return the place behind that many numbers."""
    for _ in numbers:
        _, place = _number(data, place)
    return place


def _digits(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def _checksum(data: bytes) -> bytes:
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value >> 31 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4, "big")
