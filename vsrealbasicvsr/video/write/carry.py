"""Copying of the source's other streams, chapters and tags into the output, unchanged."""

from __future__ import annotations

import errno
import io
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError

if TYPE_CHECKING:
    from av.container.core import Chapter

# Tags that describe the source's container or its encoder; the muxer writes its own.
_CONTAINER_TAGS = frozenset({"encoder", "duration", "major_brand", "minor_version", "compatible_brands"})
# mkvmerge's statistics of a stream: true for a copied stream, false for the restored one.
_STATISTICS = frozenset({"bps", "number_of_frames", "number_of_bytes"})
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_STRAY = Fraction(60)  # seconds; a time stamp further than this past the source's end is damaged


@dataclass(frozen=True, slots=True)
class Survey:
    """The parts of a source that a container can hold, and those that it cannot hold.

    Attributes:
        kept: Indices of the streams to carry.
        left_out: A few words on each of the other streams, and on the tags that would be lost.
    """

    kept: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()


def survey(path: Path, container_format: str | None, pictures: int) -> Survey:
    """Find the streams that a container can hold: try each one, except the restored one, in an empty file.

    Args:
        path: The source.
        container_format: FFmpeg's name of the output's format; None can hold only the restored frames.
        pictures: Index of the stream that is restored.

    Raises:
        VideoError: the source cannot be opened.
    """
    kept, left_out = [], []
    with _open(path) as source:
        for stream in _others(source, pictures):
            if container_format is not None and _holds(container_format, stream):
                kept.append(stream.index)
            else:
                left_out.append(_describe(stream))
        if container_format is not None and (lost := _lost_tags(container_format, source)):
            left_out.append(f"tag{'s' * (len(lost) > 1)} {', '.join(lost)}")
    return Survey(tuple(kept), tuple(left_out))


def is_disk_full(error: OSError | av.FFmpegError) -> bool:
    """Return whether the system refused to write more because of a full disk, a quota or a size limit."""
    return error.errno in _DISK_FULL


class Carry:
    """Copies streams into an output, up to the time of its newest frame. Holds one pending packet.

    The constructor adds the output's streams, tags and chapters, so the header must not be written yet.

    Args:
        path: The source. It is opened a second time, so that no packet passes between threads.
        output: A container that already has the stream `video`.
        video: The output's stream of restored frames; it gets the source's tags and dispositions.
        pictures: Index of the source's stream that is restored.
        kept: Indices of the streams to carry, from `survey`.
        start: Seconds to subtract from every time stamp; the frames' time stamps are shifted by the same.

    Attributes:
        lost: Number of packets that could not be copied: damaged, or without a usable time.
    """

    def __init__(
        self,
        path: Path,
        output: OutputContainer,
        video: VideoStream,
        *,
        pictures: int,
        kept: tuple[int, ...],
        start: Fraction,
    ) -> None:
        self._source = _open(path)
        self._output = output
        self._start = start
        self.lost = 0
        self._last: dict[int, int] = {}
        self._end = _end(self._source, start)
        self._copies = {stream.index: stream for stream in self._source.streams if stream.index in kept}
        self._targets = {index: _add(output, stream) for index, stream in self._copies.items()}
        self._describe_output(video, self._source.streams[pictures])
        self._packets = self._read()
        self._pending = next(self._packets, None)

    def until(self, seconds: Fraction) -> None:
        """Copy all packets up to this time of the output, in seconds."""
        while self._pending is not None and self._time(self._pending) <= seconds:
            self._mux(self._pending)
            self._pending = next(self._packets, None)

    def rest(self) -> None:
        """Copy all remaining packets, including those after the last frame."""
        while self._pending is not None:
            self._mux(self._pending)
            self._pending = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        self._pending = None
        self._packets.close()
        self._source.close()

    def _describe_output(self, video: VideoStream, pictures: Stream) -> None:
        self._output.metadata.update(_tags(self._source.metadata))
        if chapters := self._source.chapters():
            self._output.set_chapters([_shifted(chapter, self._start) for chapter in chapters])
        video.metadata.update(_tags(pictures.metadata, _STATISTICS))
        video.disposition = pictures.disposition

    def _read(self) -> Generator[Packet[Stream]]:
        """Yield packets with the output's times, in the source's order.

        Damaged packets are skipped; a read error ends the packets. Neither raises.
        """
        carried = [stream for stream in self._copies.values() if _has_packets(self._output, stream)]
        for stream in self._source.streams:
            if stream not in carried:
                stream.discard = Discard.all
        if not carried:
            return
        try:
            for packet in self._source.demux(*carried):
                if packet.size and self._stamp(packet):
                    yield packet
        except av.FFmpegError:
            self.lost += 1

    def _stamp(self, packet: Packet[Stream]) -> bool:
        """Shift a packet to the output's clock; return False if its time is unknown or impossible."""
        if _is_cover(packet.stream):
            packet.pts = packet.dts = 0
            return True
        if packet.pts is None and packet.dts is None:
            self.lost += 1
            return False
        index, base = packet.stream.index, packet.time_base
        shift = round(self._start / base)
        pts = packet.pts if packet.pts is not None else packet.dts
        dts = packet.dts if packet.dts is not None else packet.pts
        assert pts is not None
        assert dts is not None
        packet.pts, packet.dts = pts - shift, dts - shift
        stray = self._end is not None and packet.dts * base > self._end
        if stray or packet.dts < self._last.get(index, packet.dts):
            self.lost += 1
            return False
        self._last[index] = packet.dts
        return True

    def _time(self, packet: Packet[Stream]) -> Fraction:
        assert packet.dts is not None
        return packet.dts * packet.time_base

    def _mux(self, packet: Packet[Stream]) -> None:
        packet.stream = self._targets[packet.stream.index]
        try:
            self._output.mux(packet)
        except (av.error.InvalidDataError, av.error.ArgumentError):  # only this packet is damaged
            self.lost += 1


def _open(path: Path) -> InputContainer:
    try:
        return av.open(f"file:{path}")  # without the prefix a colon in a name would mean a protocol
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read {path}: {error.strerror or error}.") from error


def _others(source: InputContainer, pictures: int) -> list[Stream]:
    """Return all streams except the restored one and those that the muxer makes itself.

    The muxer makes a chapter track (the demuxer marks the source's as discarded) and a time code track (from
    the tag, which is copied).
    """
    return [
        stream
        for stream in source.streams
        if stream.index != pictures
        and stream.discard != Discard.all
        and not (stream.type == "data" and "timecode" in stream.metadata)
    ]


def _end(source: InputContainer, start: Fraction) -> Fraction | None:
    """Return the time in seconds after which a time stamp is damaged; None if no duration is stated."""
    if source.duration is None or source.duration <= 0:
        return None
    return Fraction(source.start_time or 0, 1_000_000) + Fraction(source.duration, 1_000_000) - start + _STRAY


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic) and not (
        stream.disposition & Disposition.timed_thumbnails
    )


def _has_packets(output: OutputContainer, stream: Stream) -> bool:
    """Return whether a stream is copied as packets; attachments and Matroska's covers are not."""
    return stream.type != "attachment" and not (_is_cover(stream) and output.format.name == "matroska")


def _add(output: OutputContainer, stream: Stream) -> Stream:
    if _is_cover(stream) and output.format.name == "matroska":
        return _attach_cover(output, stream)
    copy = output.add_stream_from_template(stream, opaque=True)
    copy.metadata.update(_tags(stream.metadata))
    copy.disposition = stream.disposition
    return copy


def _attach_cover(output: OutputContainer, stream: Stream) -> Stream:
    kind = "png" if stream.codec_context.name == "png" else "jpeg"
    name = stream.metadata.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}")
    with _open(Path(stream.container.name.removeprefix("file:"))) as source:
        packets = source.demux(source.streams[stream.index])
        data = next((bytes(packet) for packet in packets if packet.size), b"")
    return output.add_attachment(name, stream.metadata.get("mimetype", f"image/{kind}"), data)


def _holds(container_format: str, stream: Stream) -> bool:
    if _is_cover(stream) and container_format == "mov":
        return False  # the muxer accepts the cover and writes nothing
    trial = av.open(io.BytesIO(), "w", format=container_format)
    try:
        _add(trial, stream)
        trial.start_encoding()
        trial.close()
    except (ValueError, av.FFmpegError):  # PyAV does not support the stream, or the muxer refuses it
        return False
    return True


def _lost_tags(container_format: str, source: InputContainer) -> list[str]:
    """Return the source's tags that a container loses; an empty file is written and read back."""
    tags = _tags(source.metadata)
    if not tags or container_format == "matroska":  # Matroska takes any tag
        return []
    memory = io.BytesIO()
    with av.open(memory, "w", format=container_format) as trial:
        trial.add_stream("mpeg4", rate=25)
        trial.metadata.update(tags)
        trial.start_encoding()
    memory.seek(0)
    with av.open(memory) as written:
        written_keys = {key.lower() for key in written.metadata}
    return sorted(key for key in tags if key.lower() not in written_keys)


def _describe(stream: Stream) -> str:
    detail = [getattr(stream, "name", None), stream.language]
    words = ", ".join(word for word in detail if word)
    kind = "cover art" if _is_cover(stream) else stream.type
    return f"{kind} {stream.index}" + (f" ({words})" if words else "")


def _tags(metadata: dict[str, str], also: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the tags to copy; `also` are lower-case names to drop, besides `_CONTAINER_TAGS`."""
    dropped = _CONTAINER_TAGS | also
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in dropped and not (also and key.upper().startswith("_STATISTICS"))
    }


def _shifted(chapter: Chapter, start: Fraction) -> Chapter:
    """Return a chapter shifted by `start` seconds, but not below 0, which Matroska refuses.

    The first chapter often begins at 0, and the source a little later.
    """
    shift = round(start / chapter["time_base"])
    return {**chapter, "start": max(chapter["start"] - shift, 0), "end": max(chapter["end"] - shift, 0)}
