"""Pieces of an output: files with only a video stream, encoded separately from time 0, to be joined later."""

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

_READ_AT_ONCE = 1 << 20  # bytes; every read by FFmpeg calls Python
_SEI_PREFIX, _SEI_SUFFIX = 39, 40  # HEVC's NAL unit types


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished file and the times of its frames.

    Attributes:
        path: The file.
        times: Time stamp and duration of each frame, in display order and in the source's time base; a
            duration is None where unknown.
    """

    path: Path
    times: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of a finished piece.

    Attributes:
        pictures: Number of frames.
        lag: Number of frames by which decoding is ahead of display; the join needs the largest of all pieces.
        parameters: SHA-256 of the encoder's parameters; only pieces with the same one can be joined.
        sha256: SHA-256 of the whole file.
    """

    pictures: int
    lag: int
    parameters: str
    sha256: str


def inspect_piece(path: Path) -> Inspection:
    """Read a finished piece once, without decoding it.

    Raises:
        VideoError: the piece cannot be read, is damaged, or has no frames.
    """
    display_times: list[int] = []
    decoding_times: list[int] = []
    with _explain_errors(path), path.open("rb") as file:
        hashing = _HashingFile(file)
        with av.open(hashing, "r", buffer_size=_READ_AT_ONCE) as container:
            stream = _pictures(path, container)
            parameters = hashlib.sha256(repr(parameters_of(stream)).encode()).hexdigest()
            for packet in _packets(path, container, stream):
                assert packet.pts is not None
                display_times.append(packet.pts)
                if packet.dts is not None:
                    decoding_times.append(packet.dts)
            if not display_times:
                raise _damaged(path, "it holds no pictures")
            lag = _lag(display_times, decoding_times)
            return Inspection(len(display_times), lag, parameters, hashing.hexdigest())


@contextlib.contextmanager
def open_piece(path: Path) -> Iterator[VideoStream]:
    """Open a piece, and give its video stream; the container is closed at the end of the block.

    Raises:
        VideoError: the piece cannot be read, or has no frames.
    """
    with _explain_errors(path):
        container = av.open(f"file:{path}")
    with container:
        yield _pictures(path, container)


def parameters_of(stream: VideoStream) -> tuple[object, ...]:
    """Return the parameters that a decoder needs first; pieces in one stream must have equal parameters."""
    context = stream.codec_context
    extra = context.extradata or b""
    # x265 writes a text into it that contains the machine's number of cores.
    parameter_sets = _without_sei(extra) if context.name == "hevc" else extra
    return context.name, context.width, context.height, context.pix_fmt, parameter_sets


def ranked(
    piece: Piece, stream: VideoStream, time_base: Fraction, lag: int
) -> Iterator[tuple[int, Packet[VideoStream]]]:
    """Yield the packets of a piece in decoding order, each with its frame's place in display order.

    Raises:
        VideoError: the file does not hold exactly the frames of `piece.times`, or needs more than `lag`.
    """
    assert isinstance(stream.container, InputContainer)
    with _explain_errors(piece.path):
        places = _Places(piece, time_base, 1 * stream.time_base)
        for index, packet in enumerate(_packets(piece.path, stream.container, stream)):
            assert packet.pts is not None
            place = places.take(packet.pts)
            if index - place > lag:
                raise _damaged(piece.path, "its pictures stand in another order than when it was inspected")
            yield place, packet
        places.check_all_taken()


class _Places:
    """Finds a frame's place in display order by its time in the file, in coarser ticks than the source's."""

    def __init__(self, piece: Piece, time_base: Fraction, tick: Fraction) -> None:
        first = piece.times[0][0]
        self._path = piece.path
        # FFmpeg rounds in this way: halves go up.
        self._ticks = [int((pts - first) * time_base / tick + Fraction(1, 2)) for pts, _ in piece.times]
        self._taken = bytearray(len(self._ticks))

    def take(self, pts: int) -> int:
        """Return the place that is nearest to a time in the file, and mark it as taken."""
        place = bisect.bisect_left(self._ticks, pts)
        if place and (place == len(self._ticks) or pts - self._ticks[place - 1] < self._ticks[place] - pts):
            place = bisect.bisect_left(self._ticks, self._ticks[place - 1])
        tick = self._ticks[place]
        # Frames less than a tick apart have the same time; they come in decoding order.
        while place < len(self._ticks) and self._ticks[place] == tick and self._taken[place]:
            place += 1
        if abs(pts - tick) > 1 or place == len(self._ticks) or self._ticks[place] != tick:
            raise _damaged(self._path, f"it holds a picture at its tick {pts} that was not written")
        self._taken[place] = True
        return place

    def check_all_taken(self) -> None:
        if missing := self._taken.count(0):
            raise _damaged(self._path, f"it lacks {missing} of {len(self._taken)} pictures")


class _HashingFile(io.RawIOBase):
    """A file that is hashed while FFmpeg reads it in order, so that it is read only once.

    `hexdigest` then reads the parts that FFmpeg has skipped.
    """

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
        """Return the SHA-256 of the whole file; this reads the rest of it."""
        self._file.seek(self._hashed)
        while self.read(_READ_AT_ONCE):
            pass
        return self._hash.hexdigest()


def _lag(display_times: Sequence[int], decoding_times: Sequence[int]) -> int:
    """Return the lag that the frames need or that the encoder announced, whichever is larger.

    MP4 derives durations from the announced lag.
    """
    order = sorted(range(len(display_times)), key=display_times.__getitem__)
    needed = max(index - place for place, index in enumerate(order))
    announced = sum(time < display_times[order[0]] for time in decoding_times)
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


def _without_sei(extradata: bytes) -> bytes:
    """Return the contents of an `hvcC` box without its SEI messages."""
    if len(extradata) < 23 or extradata[0] != 1:
        return extradata
    result, at = extradata[:22], 23  # byte 22 is the number of arrays
    for _ in range(extradata[22]):
        start, units = at, int.from_bytes(extradata[at + 1 : at + 3])
        at += 3
        for _ in range(units):
            at += 2 + int.from_bytes(extradata[at : at + 2])
        if extradata[start] & 0x3F not in (_SEI_PREFIX, _SEI_SUFFIX):
            result += extradata[start:at]
    return result


def _damaged(path: Path, reason: str) -> VideoError:
    return VideoError(f"the segment {path} is damaged: {reason}.")


@contextlib.contextmanager
def _explain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise VideoError(f"the segment {path} is missing.") from None
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read the segment {path}: {error.strerror or error}.") from error
