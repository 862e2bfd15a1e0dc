"""Pieces of a film to one file, without encoding again: the pictures' packets are moved, with exact times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.encoders import describe
from vsrealbasicvsr.video.write.output_file import OutputFile, explained, publish
from vsrealbasicvsr.video.write.pieces import (
    Inspection,
    Piece,
    inspect_piece,
    open_piece,
    parameters_of,
    ranked,
)
from vsrealbasicvsr.video.write.plan import OutputPlan

__all__ = ["Inspection", "Piece", "check_file", "inspect_piece", "join_pieces", "publish"]

_BETWEEN_DECODED = 250  # pictures; x264's own distance of key pictures, and intra codecs cost no more


def join_pieces(
    plan: OutputPlan, pieces: Sequence[Piece], lag: int, *, on_progress: Callable[[int], None] | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write what one sink would have written, under a partial name; `publish` gives it its own.

    A second of packets and all times are held, whatever the length. What an earlier try left is overwritten.

    Args:
        plan: Of the whole output.
        pieces: All of it, in order.
        lag: The largest of the pieces' `Inspection.lag`.
        on_progress: Gets the number of pictures written so far, after each.

    Returns:
        The partial file, whole and on the disk, and warnings, a sentence each: what could not be copied.

    Raises:
        VideoError: a piece is missing, damaged or encoded otherwise than the first, the disk is full, or the
            result is not as it should be; nothing is left then.
    """
    assert plan.container is not None, "frames are joined by join_frames"
    with open_piece(pieces[0].path) as first, explained(plan):
        output = OutputFile(plan, plan.container, _like(first, plan))
        parameters = parameters_of(first)
    try:
        clock = _Clock(plan, pieces, lag, output.offset)
        with explained(plan):
            for done, packet in enumerate(_timed(pieces, parameters, clock, lag), 1):
                packet.stream = output.pictures
                output.mux([packet])
                if on_progress:
                    on_progress(done)
            output.complete()
        check_file(output.partial, clock.shown, plan.pictures.time_base)
    except BaseException:
        output.discard()
        raise
    return output.partial, output.warnings


def check_file(path: Path, shown: Sequence[int], time_base: Fraction) -> None:
    """Read a written file once: its pictures are all there and at their times, and key pictures decode.

    One key picture in about 250 pictures is decoded; damage is found as far as its decoder notices it.

    Args:
        path: The file; its first stream of pictures is checked.
        shown: Time stamp of each picture, in order of display.
        time_base: Seconds per unit of `shown`.

    Raises:
        VideoError: something is not as expected.
    """
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
            found = sorted(_decoded_now_and_then(path, container.demux(stream), stream))
            tick, alone = 1 * stream.time_base, len(container.streams) == 1
    except (av.FFmpegError, OSError, IndexError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unlike(path, f"cannot be read back ({reason})") from error
    if len(found) != len(shown):
        raise _unlike(path, f"holds {len(found)} pictures instead of {len(shown)}")
    # Sound that starts before the zero makes Matroska's muxer move all streams.
    moved = Fraction(0) if alone else max(found[0] * tick - shown[0] * time_base, Fraction(0))
    for number, (seen, wanted) in enumerate(zip(found, shown, strict=True)):
        is_at, should = seen * tick, wanted * time_base + moved
        if abs(is_at - should) > tick:
            raise _unlike(
                path, f"shows picture {number} at {float(is_at):.3f} s instead of {float(should):.3f} s"
            )


class _Clock:
    """The time stamps of all pictures, in the output's clock and the plan's time base.

    Decoding runs `lag` pictures ahead of display throughout, so times of decoding never decrease, and with
    the largest lag of all pieces never pass the time of display.
    """

    def __init__(self, plan: OutputPlan, pieces: Sequence[Piece], lag: int, offset: int) -> None:
        times = [time for piece in pieces for time in piece.times]
        self.time_base = plan.pictures.time_base
        self.shown = [pts - offset for pts, _ in times]
        self._durations = [duration for _, duration in times]
        self._lag = min(lag, len(times) - 1)

    def stamp(self, packet: Packet[VideoStream], index: int, place: int) -> None:
        """Give a packet its times, by its index in order of decoding and its place in order of display."""
        packet.time_base = self.time_base
        packet.pts, packet.dts = self.shown[place], self._decoded(index)
        packet.duration = self._duration(place)

    def _decoded(self, index: int) -> int:
        if index >= self._lag:
            return self.shown[index - self._lag]
        # As x264 and x265 have it: the first steps, before the first picture is shown.
        return self.shown[index] - self.shown[self._lag] + self.shown[0]

    def _duration(self, place: int) -> int:
        known = self._durations[place]
        if known is not None or place + 1 == len(self.shown):
            return known or 0  # the muxer then puts the nominal duration
        return self.shown[place + 1] - self.shown[place]


def _like(template: VideoStream, plan: OutputPlan) -> Callable[[OutputContainer], VideoStream]:
    def add(output: OutputContainer) -> VideoStream:
        stream = output.add_stream_from_template(template, opaque=True)
        describe(stream.codec_context, plan.pictures)
        stream.codec_context.bit_rate = 0  # a piece's is not the whole's
        return stream

    return add


def _timed(
    pieces: Sequence[Piece], parameters: tuple[object, ...], clock: _Clock, lag: int
) -> Iterator[Packet[VideoStream]]:
    """All packets in order of decoding, with the output's times."""
    start = 0
    for piece in pieces:
        with open_piece(piece.path) as stream:
            if parameters_of(stream) != parameters:
                raise VideoError(
                    f"the segment {piece.path} does not fit the first one: another size or build of the "
                    "encoder made it; start the job anew."
                )
            for index, (place, packet) in enumerate(ranked(piece, stream, clock.time_base, lag)):
                clock.stamp(packet, start + index, start + place)
                yield packet
        start += len(piece.times)


def _decoded_now_and_then(
    path: Path, packets: Iterator[Packet[VideoStream]], stream: VideoStream
) -> Iterator[int]:
    """The packets' time stamps; passing by, one key picture in a while is decoded."""
    next_decoded = 0
    for number, packet in enumerate(packets):
        if not packet.size:
            continue
        if packet.pts is None:
            raise _unlike(path, "holds a picture without a time")
        if packet.is_keyframe and number >= next_decoded:
            next_decoded = number + _BETWEEN_DECODED
            if not _decodes(stream, packet):
                seconds = float(packet.pts * packet.time_base)
                raise _unlike(path, f"holds a picture at {seconds:.3f} s that cannot be decoded")
        yield packet.pts


def _decodes(stream: VideoStream, packet: Packet[VideoStream]) -> bool:
    """Whether a key picture comes out whole, by itself."""
    pictures = [*stream.decode(packet), *stream.decode(None)]
    stream.codec_context.flush_buffers()
    return len(pictures) == 1 and not pictures[0].is_corrupt


def _unlike(path: Path, what: str) -> VideoError:
    return VideoError(f"{path} {what}: check the disk and try again.")
