"""Joining of pieces into one video file without encoding again: packets are copied, with exact times."""

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

# Frames between two decoded key frames: x264's usual distance; intra codecs then take no longer to check.
_BETWEEN_DECODED = 250


def join_pieces(
    plan: OutputPlan, pieces: Sequence[Piece], lag: int, *, on_progress: Callable[[int], None] | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write the file that a single sink would have written, under a partial name; `publish` renames it.

    Memory holds one second of packets, and the times of all frames. A partial file of an earlier try is
    overwritten.

    Args:
        plan: The plan of the whole output.
        pieces: All pieces of the output, in order.
        lag: The largest `Inspection.lag` of the pieces.
        on_progress: Called after each frame with the number of frames written so far.

    Returns:
        The partial file, complete and on the disk; and warnings, one sentence each, about packets that could
        not be copied.

    Raises:
        VideoError: a piece is missing or damaged, its encoder's parameters differ from the first piece's, the
            disk is full, or the check of the result fails. The partial file is then removed.
    """
    assert plan.container is not None, "frames are joined by join_frames"
    with open_piece(pieces[0].path) as first, explained(plan):
        output = OutputFile(plan, plan.container, _stream_like(first, plan))
        parameters = parameters_of(first)
    try:
        clock = _Clock(plan, pieces, lag, output.offset)
        with explained(plan):
            for done, packet in enumerate(_timed_packets(pieces, parameters, clock, lag), 1):
                packet.stream = output.pictures
                output.mux([packet])
                if on_progress:
                    on_progress(done)
            output.complete()
        check_file(output.partial, clock.display_times, plan.pictures.time_base)
    except BaseException:
        output.discard()
        raise
    return output.partial, output.warnings


def check_file(path: Path, shown: Sequence[int], time_base: Fraction) -> None:
    """Read a written file once, and check its number of frames, their times, and some key frames.

    One key frame in about 250 frames is decoded; damage is found if its decoder notices it.

    Args:
        path: The file; its first video stream is checked.
        shown: Time stamp of each frame, in order of display.
        time_base: Seconds per unit of `shown`.

    Raises:
        VideoError: the file cannot be read, or a check fails.
    """
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
            times = sorted(_checked_times(path, container.demux(stream), stream))
            tick, is_alone = 1 * stream.time_base, len(container.streams) == 1
    except (av.FFmpegError, OSError, IndexError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _mismatch(path, f"cannot be read back ({reason})") from error
    if len(times) != len(shown):
        raise _mismatch(path, f"holds {len(times)} pictures instead of {len(shown)}")
    # If the sound starts before time 0, Matroska's muxer moves all streams.
    moved = Fraction(0) if is_alone else max(times[0] * tick - shown[0] * time_base, Fraction(0))
    for number, (time, expected_time) in enumerate(zip(times, shown, strict=True)):
        actual, expected = time * tick, expected_time * time_base + moved
        if abs(actual - expected) > tick:
            raise _mismatch(
                path, f"shows picture {number} at {float(actual):.3f} s instead of {float(expected):.3f} s"
            )


class _Clock:
    """The time stamps of all frames, in the output's clock and the plan's time base.

    Decoding always runs `lag` frames ahead of display, so decoding times never decrease. With the largest lag
    of all pieces, a decoding time is never later than the frame's display time.
    """

    def __init__(self, plan: OutputPlan, pieces: Sequence[Piece], lag: int, offset: int) -> None:
        times = [time for piece in pieces for time in piece.times]
        self.time_base = plan.pictures.time_base
        self.display_times = [pts - offset for pts, _ in times]
        self._durations = [duration for _, duration in times]
        self._lag = min(lag, len(times) - 1)

    def stamp(self, packet: Packet[VideoStream], index: int, place: int) -> None:
        """Set a packet's times, by its index in decoding order and its place in display order."""
        packet.time_base = self.time_base
        packet.pts, packet.dts = self.display_times[place], self._decoding_time(index)
        packet.duration = self._duration(place)

    def _decoding_time(self, index: int) -> int:
        if index >= self._lag:
            return self.display_times[index - self._lag]
        # The first packets are decoded before the first frame is displayed, at the same steps as the display;
        # x264 and x265 set these times in the same way.
        return self.display_times[index] - self.display_times[self._lag] + self.display_times[0]

    def _duration(self, place: int) -> int:
        duration = self._durations[place]
        if duration is not None or place + 1 == len(self.display_times):
            return duration or 0  # for 0 the muxer writes the nominal duration
        return self.display_times[place + 1] - self.display_times[place]


def _stream_like(template: VideoStream, plan: OutputPlan) -> Callable[[OutputContainer], VideoStream]:
    """Return a function that adds a stream with the template's parameters to an output."""

    def add(output: OutputContainer) -> VideoStream:
        stream = output.add_stream_from_template(template, opaque=True)
        describe(stream.codec_context, plan.pictures)
        stream.codec_context.bit_rate = 0  # the bit rate of a piece is not that of the whole file
        return stream

    return add


def _timed_packets(
    pieces: Sequence[Piece], parameters: tuple[object, ...], clock: _Clock, lag: int
) -> Iterator[Packet[VideoStream]]:
    """Yield the packets of all pieces in decoding order, with the output's times."""
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


def _checked_times(path: Path, packets: Iterator[Packet[VideoStream]], stream: VideoStream) -> Iterator[int]:
    """Yield the packets' time stamps, and decode one key frame in about `_BETWEEN_DECODED` frames."""
    next_decoded = 0
    for number, packet in enumerate(packets):
        if not packet.size:
            continue
        if packet.pts is None:
            raise _mismatch(path, "holds a picture without a time")
        if packet.is_keyframe and number >= next_decoded:
            next_decoded = number + _BETWEEN_DECODED
            if not _decodes(stream, packet):
                seconds = float(packet.pts * packet.time_base)
                raise _mismatch(path, f"holds a picture at {seconds:.3f} s that cannot be decoded")
        yield packet.pts


def _decodes(stream: VideoStream, packet: Packet[VideoStream]) -> bool:
    """Return whether a key frame can be decoded by itself, without damage."""
    pictures = [*stream.decode(packet), *stream.decode(None)]
    stream.codec_context.flush_buffers()
    return len(pictures) == 1 and not pictures[0].is_corrupt


def _mismatch(path: Path, what: str) -> VideoError:
    return VideoError(f"{path} {what}: check the disk and try again.")
