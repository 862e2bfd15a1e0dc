"""The source's other streams, chapters and tags, copied untouched beside the restored pictures."""

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

# Tags that describe the source's container or its encoder, not the work; the muxer writes its own.
_CONTAINER_TAGS = frozenset({"encoder", "duration", "major_brand", "minor_version", "compatible_brands"})
# mkvmerge's figures about the old pictures; true for a copied stream, false for ours.
_STATISTICS = frozenset({"bps", "number_of_frames", "number_of_bytes"})
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_STRAY = Fraction(60)  # seconds past the source's end after which a time stamp is taken for damage


@dataclass(frozen=True, slots=True)
class Survey:
    """What of a source a container holds.

    Attributes:
        kept: Indices of the streams to carry.
        left_out: The others, each described in a few words, and the tags that would be lost.
    """

    kept: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()


def survey(path: Path, container_format: str | None, pictures: int) -> Survey:
    """Try every stream but the pictures in an empty file of the container's kind.

    Args:
        path: The source.
        container_format: FFmpeg's name of the output's format; None holds pictures alone.
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
    """Whether the system refused to write more: disk, quota or file size."""
    return error.errno in _DISK_FULL


class Carry:
    """Copies streams into an output as its pictures advance; one pending packet is all it holds.

    The output's streams, tags and chapters are set up here, so make it before the header is written.

    Args:
        path: The source, opened a second time; no packet passes between threads.
        output: A container with `video` already in it, its header not yet written.
        video: The output's stream of pictures; gets the source's tags and dispositions.
        pictures: Index of the stream that is restored.
        kept: Indices of the streams to carry, from `survey`.
        start: Seconds subtracted from every time stamp, as from the pictures'.

    Attributes:
        lost: Packets that could not be copied: damaged, or without a usable time.
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
        """Copy everything up to this time of the output."""
        while self._pending is not None and self._time(self._pending) <= seconds:
            self._mux(self._pending)
            self._pending = next(self._packets, None)

    def rest(self) -> None:
        """Copy what is left, also past the last picture."""
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
        """Packets with the output's times, in the source's order; damage ends or skips, never raises."""
        wanted = [stream for stream in self._copies.values() if _has_packets(self._output, stream)]
        for stream in self._source.streams:
            if stream not in wanted:
                stream.discard = Discard.all
        if not wanted:
            return
        try:
            for packet in self._source.demux(*wanted):
                if packet.size and self._stamp(packet):
                    yield packet
        except av.FFmpegError:
            self.lost += 1

    def _stamp(self, packet: Packet[Stream]) -> bool:
        """Move a packet to the output's clock; False where its time is unknown or impossible."""
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
        except (av.error.InvalidDataError, av.error.ArgumentError):  # this packet, not the file
            self.lost += 1


def _open(path: Path) -> InputContainer:
    try:
        return av.open(f"file:{path}")  # the prefix: a colon in a name is no protocol
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read {path}: {error.strerror or error}.") from error


def _others(source: InputContainer, pictures: int) -> list[Stream]:
    """All but the pictures, and but what the muxer makes anew.

    That is a chapter track (the demuxer switches it off) and a time code track (the tag remains).
    """
    return [
        stream
        for stream in source.streams
        if stream.index != pictures
        and stream.discard != Discard.all
        and not (stream.type == "data" and "timecode" in stream.metadata)
    ]


def _end(source: InputContainer, start: Fraction) -> Fraction | None:
    if source.duration is None or source.duration <= 0:
        return None
    return Fraction(source.start_time or 0, 1_000_000) + Fraction(source.duration, 1_000_000) - start + _STRAY


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic) and not (
        stream.disposition & Disposition.timed_thumbnails
    )


def _has_packets(output: OutputContainer, stream: Stream) -> bool:
    """Attachments live in the header; so does cover art in Matroska."""
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
        return False  # the muxer takes it and writes nothing
    trial = av.open(io.BytesIO(), "w", format=container_format)
    try:
        _add(trial, stream)
        trial.start_encoding()
        trial.close()
    except (ValueError, av.FFmpegError):  # PyAV's "does not support", the muxer's own refusal
        return False
    return True


def _lost_tags(container_format: str, source: InputContainer) -> list[str]:
    """The file's tags that do not come back from an empty file of the container's kind."""
    wanted = _tags(source.metadata)
    if not wanted or container_format == "matroska":  # which takes any tag
        return []
    memory = io.BytesIO()
    with av.open(memory, "w", format=container_format) as trial:
        trial.add_stream("mpeg4", rate=25)
        trial.metadata.update(wanted)
        trial.start_encoding()
    memory.seek(0)
    with av.open(memory) as back:
        found = {key.lower() for key in back.metadata}
    return sorted(key for key in wanted if key.lower() not in found)


def _describe(stream: Stream) -> str:
    detail = [getattr(stream, "name", None), stream.language]
    words = ", ".join(word for word in detail if word)
    kind = "cover art" if _is_cover(stream) else stream.type
    return f"{kind} {stream.index}" + (f" ({words})" if words else "")


def _tags(metadata: dict[str, str], also: frozenset[str] = frozenset()) -> dict[str, str]:
    dropped = _CONTAINER_TAGS | also
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in dropped and not (also and key.upper().startswith("_STATISTICS"))
    }


def _shifted(chapter: Chapter, start: Fraction) -> Chapter:
    """A first chapter often begins at 0 and its source a little later; Matroska takes nothing below 0."""
    shift = round(start / chapter["time_base"])
    return {**chapter, "start": max(chapter["start"] - shift, 0), "end": max(chapter["end"] - shift, 0)}
