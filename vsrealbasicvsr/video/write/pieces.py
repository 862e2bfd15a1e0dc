"""A piece of a film: a file of pictures alone, encoded on its own from time 0, to be joined later."""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError

_READ_AT_ONCE = 1 << 20  # bytes; each read of FFmpeg's is a call into Python
_SEI_PREFIX, _SEI_SUFFIX = 39, 40  # HEVC's unit types


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished file and when each of its pictures is shown.

    Attributes:
        path: The file.
        times: Time stamp and duration of each picture, in order of display and in the source's time base;
            a duration is None where unknown.
    """

    path: Path
    times: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a finished piece holds.

    Attributes:
        pictures: How many.
        lag: By how many pictures decoding runs ahead of display; the join needs the largest of all pieces.
        parameters: SHA-256 of the encoder's parameters; the same in all pieces that can be joined.
        sha256: Of the whole file.
    """

    pictures: int
    lag: int
    parameters: str
    sha256: str


def inspect_piece(path: Path) -> Inspection:
    """Read a finished piece once, without decoding it.

    Raises:
        VideoError: it is unreadable, damaged or without pictures.
    """
    shown: list[int] = []
    decoded: list[int] = []
    with _explained(path), path.open("rb") as file:
        hashing = _HashingFile(file)
        with av.open(hashing, "r", buffer_size=_READ_AT_ONCE) as container:
            stream = _pictures(path, container)
            parameters = hashlib.sha256(repr(parameters_of(stream)).encode()).hexdigest()
            for packet in _packets(path, container, stream):
                assert packet.pts is not None
                shown.append(packet.pts)
                if packet.dts is not None:
                    decoded.append(packet.dts)
            if not shown:
                raise _damaged(path, "it holds no pictures")
            return Inspection(len(shown), _lag(shown, decoded), parameters, hashing.hexdigest())


@contextlib.contextmanager
def open_piece(path: Path) -> Iterator[VideoStream]:
    """The pictures of a piece; its container stays open for as long.

    Raises:
        VideoError: it is unreadable or without pictures.
    """
    with _explained(path):
        container = av.open(f"file:{path}")
    with container:
        yield _pictures(path, container)


def parameters_of(stream: VideoStream) -> tuple[object, ...]:
    """What a decoder must know beforehand; pictures can share a stream only where all of it is equal."""
    context = stream.codec_context
    extra = context.extradata or b""
    # x265 writes a text into it that tells the number of the machine's cores.
    sets = _without_remarks(extra) if context.name == "hevc" else extra
    return context.name, context.width, context.height, context.pix_fmt, sets


def ranked(
    piece: Piece, stream: VideoStream, time_base: Fraction, lag: int
) -> Iterator[tuple[int, Packet[VideoStream]]]:
    """The packets of a piece in order of decoding, each with its picture's place in order of display.

    Raises:
        VideoError: the file does not hold exactly the pictures of `piece.times`, or needs more than `lag`.
    """
    assert isinstance(stream.container, InputContainer)
    with _explained(piece.path):
        places = _Places(piece, time_base, 1 * stream.time_base)
        for index, packet in enumerate(_packets(piece.path, stream.container, stream)):
            assert packet.pts is not None
            place = places.take(packet.pts)
            if index - place > lag:
                raise _damaged(piece.path, "its pictures stand in another order than when it was inspected")
            yield place, packet
        places.check_all_taken()


class _Places:
    """Finds a picture's place by its time in the file, which counts in coarser ticks than the source."""

    def __init__(self, piece: Piece, time_base: Fraction, tick: Fraction) -> None:
        first = piece.times[0][0]
        self._path = piece.path
        # As FFmpeg rounds: halves go up.
        self._ticks = [int((pts - first) * time_base / tick + Fraction(1, 2)) for pts, _ in piece.times]
        self._taken = bytearray(len(self._ticks))

    def take(self, pts: int) -> int:
        place = bisect.bisect_left(self._ticks, pts)
        if place and (place == len(self._ticks) or pts - self._ticks[place - 1] < self._ticks[place] - pts):
            place = bisect.bisect_left(self._ticks, self._ticks[place - 1])
        found = self._ticks[place]
        # Pictures less than a tick apart look the same; they come in order of decoding.
        while place < len(self._ticks) and self._ticks[place] == found and self._taken[place]:
            place += 1
        if abs(pts - found) > 1 or place == len(self._ticks) or self._ticks[place] != found:
            raise _damaged(self._path, f"it holds a picture at its tick {pts} that was not written")
        self._taken[place] = True
        return place

    def check_all_taken(self) -> None:
        if missing := self._taken.count(0):
            raise _damaged(self._path, f"it lacks {missing} of {len(self._taken)} pictures")


class _HashingFile(io.RawIOBase):
    """Hashes what FFmpeg reads in order, so that one reading serves both; what it skips is read last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._hashed = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        data = self._file.read(size)
        if start <= self._hashed < start + len(data):
            self._hash.update(memoryview(data)[self._hashed - start :])
            self._hashed = start + len(data)
        return data

    def hexdigest(self) -> str:
        """Of the whole file."""
        self._file.seek(self._hashed)
        while self.read(_READ_AT_ONCE):
            pass
        return self._hash.hexdigest()


def _lag(shown: Sequence[int], decoded: Sequence[int]) -> int:
    """What the pictures need, or, where it is more, what the encoder announced: MP4 tells durations by it."""
    order = sorted(range(len(shown)), key=shown.__getitem__)
    needed = max(index - place for place, index in enumerate(order))
    announced = sum(time < shown[order[0]] for time in decoded)
    return max(needed, announced)


def _pictures(path: Path, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise _damaged(path, "it holds no pictures")
    stream = container.streams.video[0]
    if stream.codec_context.pix_fmt is None:
        raise _damaged(path, "no picture in it can be read")
    return stream


def _packets(path: Path, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    for packet in container.demux(stream):
        if packet.is_corrupt or (packet.size and packet.pts is None):
            raise _damaged(path, "a picture in it is broken")
        if packet.size:
            yield packet


def _without_remarks(extradata: bytes) -> bytes:
    """The parameter sets of an `hvcC` box without its SEI messages."""
    if len(extradata) < 23 or extradata[0] != 1:
        return extradata
    kept, at = extradata[:22], 23
    for _ in range(extradata[22]):
        start, units = at, int.from_bytes(extradata[at + 1 : at + 3])
        at += 3
        for _ in range(units):
            at += 2 + int.from_bytes(extradata[at : at + 2])
        if extradata[start] & 0x3F not in (_SEI_PREFIX, _SEI_SUFFIX):
            kept += extradata[start:at]
    return kept


def _damaged(path: Path, reason: str) -> VideoError:
    return VideoError(f"the segment {path} is damaged: {reason}.")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise VideoError(f"the segment {path} is missing.") from None
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read the segment {path}: {error.strerror or error}.") from error
