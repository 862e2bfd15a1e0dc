"""What PyAV cannot write into a NUT file: the shape of its pixels."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import IO

_STREAM = bytes.fromhex("4e53 11405bf2f9db")
"""The startcode of a stream's header."""
_LARGE = 4096
"""Packets of more bytes have one more checksum, behind their length."""
_POLYNOMIAL = 0x04C11DB7


class Shaped:
    """A file that is written by NUT's muxer, with the pixels' shape put into its header.

    Args:
        file: Where all goes.
        shape: Sample aspect ratio.
    """

    def __init__(self, file: IO[bytes], shape: Fraction) -> None:
        self._file, self._shape = file, shape
        self._begun = b""
        self._is_shaped = False

    def write(self, data: bytes) -> int:
        """Write, when the header is whole."""
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
    """The beginning of a NUT file with one stream, of video, with its pixels' shape.

    FFmpeg writes the header again later on, without the shape, but reads it once.

    Returns:
        The beginning; None where the stream's header is not whole yet.
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
    place = _behind(header, (1, 1))  # number of the stream, its class
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
    """A number in digits of seven bits, the last of which has no eighth, and the place behind it."""
    number = 0
    while True:
        digit = data[place]
        number, place = number << 7 | digit & 0x7F, place + 1
        if digit < 0x80:
            return number, place


def _behind(data: bytes, numbers: Iterable[int], place: int = 0) -> int:
    """The place behind so many numbers."""
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
