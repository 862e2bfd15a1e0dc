"""Video files as sources of frames: choice of the stream, stated properties, decoding, count of losses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.rational import AVRational
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.reader import Facts, Tally
from vsrealbasicvsr.video.read.seek import find_entry, packet_time

_DEFAULT_RATE = Fraction(25)
_FIELD_ORDERS = (2, 3, 4, 5)  # AV_FIELD_TT, _BB, _TB, _BT
_HIGHEST_RATE = 1000
_KEYS_BACK = (2, 4)
_STEPS_PER_HOLE = 100  # more frequent holes are no damage: repeated frames were dropped from the film
# Demuxers that read the length from the header. Others measure the file, so nothing can be missing.
_AVI, _MP4 = "avi", "mov,mp4,m4a,3gp,3g2,mj2"
_STATES_LENGTH = (_MP4, "matroska,webm", _AVI, "flv", "asf")
_TEXT_ART = ("tty", "bin", "xbin", "adf", "idf")  # FFmpeg renders any text file as frames
_CLOCK_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


class VideoFile:
    """One video stream of a file that FFmpeg reads.

    Args:
        path: The file.
        stream: Index of the stream in the container; None takes the default stream, or otherwise the largest.

    Raises:
        VideoError: the file cannot be read, or has no such video stream.
    """

    def __init__(self, path: Path, stream: int | None = None) -> None:
        with _open(path) as container:
            self._facts = _facts(container, _choose(container, path, stream), path)

    @property
    def facts(self) -> Facts:
        """See `Reader.facts`."""
        return self._facts

    def pictures(self, tally: Tally, *, estimate: bool = True) -> Iterator[VideoFrame]:
        """See `Reader.pictures`.

        A frame counts as lost in three cases: the decoder refuses its data; it is missing in a constant frame
        rate; or the container states more frames or a later end than there is. The last is an estimate if
        the container states only a duration.
        """
        with _open(self._facts.path) as container:
            stream = _stream(container, self._facts.stream)
            extent = _Extent(container, stream)
            steps = _Steps(self._facts)
            for packet in _packets(container, tally):
                extent.add(packet)
                if packet.size and packet.stream_index == stream.index:
                    for picture in _decode(stream, packet, tally):
                        steps.add(picture)
                        yield picture
            for picture in _decode(stream, None, tally):
                steps.add(picture)
                yield picture
            if not estimate:
                return
            if not extent.frames and steps.missing() > tally.lost:
                tally.lost = steps.missing()
                tally.warnings.append(
                    f"{self._facts.path} is damaged: about {tally.lost} pictures are missing in the middle."
                )
            if missing := extent.missing():
                tally.lost += missing
                tally.warnings.append(f"{self._facts.path} ends early: about {missing} pictures are missing.")

    def shortcuts(self, pts: int, tally: Tally) -> Iterator[Iterator[VideoFrame]]:
        """See `Reader.shortcuts`; they begin with the second last key frame before `pts`, or an earlier one.

        The last key frame is not enough: it may be damaged, or later frames may need an earlier one.
        """
        for keys in _KEYS_BACK:
            yield self._from_key(pts, keys, tally)

    def _from_key(self, pts: int, keys: int, tally: Tally) -> Iterator[VideoFrame]:
        with _open(self._facts.path) as container:
            entry = find_entry(container, _stream(container, self._facts.stream), pts, keys)
        if entry is None:
            return
        with _open(self._facts.path) as container:
            stream = _stream(container, self._facts.stream)
            if entry.seek is not None:
                container.seek(entry.seek, stream=stream)
            begun = False
            for packet in _packets(container, tally):
                if not packet.size or packet.stream_index != stream.index:
                    continue
                begun = begun or (packet.is_keyframe and packet_time(packet) == entry.key)
                if begun:
                    yield from _decode(stream, packet, tally)
            if begun:
                yield from _decode(stream, None, tally)


class _Extent:
    """Compares the length that the header states with the packets that were read."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._states_length = container.format.name in _STATES_LENGTH
        self._index = stream.index
        self.frames = _stated_frames(stream)
        self._rate = _rate(stream)
        end = _stated_end(stream)
        self._any_stream = end is None
        self._end = end if end is not None else _container_end(container)
        self._packets = 0
        self._reached = Fraction(0)

    def add(self, packet: Packet[Stream]) -> None:
        is_video = packet.stream_index == self._index
        self._packets += bool(is_video and packet.size and not packet.is_discard)
        time = packet_time(packet)
        if time is not None and (is_video or self._any_stream):
            self._reached = max(self._reached, (time + (packet.duration or 0)) * packet.time_base)

    def missing(self) -> int:
        """Return the number of frames that are missing at the end."""
        if not self._states_length or self._end is None:
            return 0
        missing_seconds = self._end - self._reached
        if missing_seconds * self._rate < 1.5:
            return 0
        if self.frames:
            return max(0, self.frames - self._packets)
        return round(missing_seconds * self._rate)


class _Steps:
    """Counts holes in a constant frame rate; a demuxer skips damaged data without an error."""

    def __init__(self, facts: Facts) -> None:
        self._step = 1 / facts.rate / facts.time_base
        self._last: int | None = None
        self._steps = 0
        self._uneven = 0
        self._holes = 0
        self._missing = 0

    def add(self, picture: VideoFrame) -> None:
        if picture.pts is None:
            return
        if self._last is not None:
            self._steps += 1
            step = picture.pts - self._last
            pictures = round(step / self._step)
            if pictures < 1 or abs(step - pictures * self._step) > 1.5:  # ticks of rounding
                self._uneven += 1
            elif pictures > 1:
                self._holes += 1
                self._missing += pictures - 1
        self._last = picture.pts

    def missing(self) -> int:
        """Return the number of missing frames; 0 for a variable rate, with uneven steps or many holes."""
        constant = not self._uneven and self._holes <= max(1, self._steps // _STEPS_PER_HOLE)
        return self._missing if constant else 0


def _open(path: Path) -> InputContainer:
    try:
        return av.open(f"file:{path}")  # without the prefix a colon in a name would mean a protocol
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read {path}: {error.strerror or error}.") from error


def _stream(container: InputContainer, index: int) -> VideoStream:
    stream = container.streams[index]
    assert isinstance(stream, VideoStream)
    # Frame threads would lose good frames near a damaged end, because PyAV stops draining at the first error.
    stream.thread_type = "SLICE"
    return stream


def _choose(container: InputContainer, path: Path, index: int | None) -> VideoStream:
    if container.format.name in _TEXT_ART:
        raise VideoError(f"{path} is a text file: give a video file or images.")
    videos = [stream for stream in container.streams.video if index in (None, stream.index)]
    if index is None:
        videos = [stream for stream in videos if not stream.disposition & Disposition.attached_pic]
    elif not videos:
        raise VideoError(f"stream {index} of {path} is not a video stream: choose another, or none.")
    if not videos:
        kinds = sorted({stream.type for stream in container.streams if stream.type != "video"})
        holds = f"only {' and '.join(kinds)}" if kinds else "no stream at all"
        raise VideoError(f"{path} holds no video, {holds}: give a video file or images.")
    readable = [stream for stream in videos if _can_decode(stream)]
    if not readable:
        raise VideoError(f"{path} holds video that FFmpeg cannot decode: it is damaged, or convert it first.")
    return max(readable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def _can_decode(stream: VideoStream) -> bool:
    context: VideoCodecContext | None = stream.codec_context  # None where FFmpeg does not know the codec
    if context is None or not context.is_decoder:
        return False
    try:
        context.open(strict=False)
    except av.FFmpegError:  # the header lacks what the decoder needs
        return False
    return True


def _facts(container: InputContainer, stream: VideoStream, path: Path) -> Facts:
    base = _fraction(stream.time_base)
    rate = _rate(stream)
    duration = stream.duration * base if stream.duration else _tagged_duration(stream)
    if duration is None and container.duration:
        duration = Fraction(container.duration, 1_000_000)
    frames_by_duration = round(duration * rate) if duration else None
    shape = stream.sample_aspect_ratio
    return Facts(
        path=path,
        time_base=base,
        rate=rate,
        start=Fraction(container.start_time or 0, 1_000_000),
        frames=_stated_frames(stream) or frames_by_duration or None,
        duration=duration,
        sample_aspect_ratio=_fraction(shape) if shape else Fraction(1),
        stream=stream.index,
        interlaced=stream.codec_context.field_order in _FIELD_ORDERS,
    )


def _fraction(value: AVRational) -> Fraction:
    """Convert PyAV's rational type to Python's."""
    return Fraction(value.numerator, value.denominator)


def _rate(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= _HIGHEST_RATE:
            return _fraction(rate)
    return _DEFAULT_RATE


def _stated_frames(stream: VideoStream) -> int:
    """Return the number of frames in the header or in mkvmerge's statistics; 0 where unknown.

    MP4's header also counts frames that an edit list removes; its index marks them.
    """
    if stream.frames and stream.container.format.name == _MP4:
        return sum(not entry.is_discard for entry in stream.index_entries)
    tag = next((v for k, v in stream.metadata.items() if k.upper().startswith("NUMBER_OF_FRAMES")), "")
    return stream.frames or (int(tag) if tag.isdigit() else 0)


def _stated_end(stream: VideoStream) -> Fraction | None:
    """Return the end of the stream in seconds, or None."""
    if stream.duration:
        return ((stream.start_time or 0) + stream.duration) * _fraction(stream.time_base)
    return _tagged_duration(stream)


def _tagged_duration(stream: VideoStream) -> Fraction | None:
    """Return the duration in seconds from the tag that Matroska's muxers write for each stream, or None."""
    tag = next((v for k, v in stream.metadata.items() if k.upper().startswith("DURATION")), "")
    match = _CLOCK_TIME.fullmatch(tag)
    if not match:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds) or None


def _container_end(container: InputContainer) -> Fraction | None:
    if not container.duration:
        return None
    return Fraction((container.start_time or 0) + container.duration, 1_000_000)


def _packets(container: InputContainer, tally: Tally) -> Iterator[Packet[Stream]]:
    """Yield the packets of all streams; a read error ends them, as in ffmpeg."""
    try:
        yield from container.demux()
    except av.FFmpegError as error:
        tally.warnings.append(f"reading stopped early: {error.strerror or error}.")


def _decode(stream: VideoStream, packet: Packet[Stream] | None, tally: Tally) -> Iterator[VideoFrame]:
    try:
        # None ends the decoder. Empty packets are never passed, because they would end it early.
        pictures = stream.codec_context.decode(packet)
    except av.error.EOFError:
        return
    except av.FFmpegError:
        tally.lost += 1
        return
    for picture in pictures:
        if stream.container.format.name == _AVI:
            picture.pts = picture.dts  # AVI has only these; FFmpeg's guess of pts is wrong with B frames
        tally.damaged += picture.is_corrupt
        yield picture
