"""Sinks for restored frames: a video file with the source's other streams, or numbered PNG frames.

A file is written as `NAME.partial.EXT`, and is renamed when it is complete and on the disk.
Time stamps keep the source's unit exactly in MP4 and MOV. In Matroska FFmpeg writes whole milliseconds.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

import av
from av.codec import CodecContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.files import replaced, sync
from vsrealbasicvsr.video.write.encoders import configure, encoder_of, quieten
from vsrealbasicvsr.video.write.output_file import OutputFile, explained, publish
from vsrealbasicvsr.video.write.plan import FRAME_NUMBER, OutputPlan, frame_path, plan_output

__all__ = ["FileSink", "ImageSink", "OutputPlan", "Sink", "open_sink", "plan_output"]


# x265 determines its delay at the third frame; with fewer frames its decoding times are uninitialised memory.
_X265_DELAY = 2


class Sink(Protocol):
    """An output that takes frames in order of time. End it with exactly one of `finish` and `abort`."""

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """Add a frame of the plan's size and pixel format.

        Args:
            picture: The frame. The sink owns it from now on.
            pts: The source's time stamp, in the plan's time base.
            duration: Duration in the same unit; None where unknown.

        Raises:
            VideoError: the disk is full, or the encoder failed.
        """

    def finish(self) -> tuple[str, ...]:
        """Complete the output and rename it.

        Returns:
            Warnings about packets that could not be copied, one sentence each.

        Raises:
            VideoError: the disk is full, or the encoder failed; the output is then removed.
        """

    def abort(self, keep: bool = False) -> Path | None:
        """Stop early, and remove the output.

        With `keep`, the frames so far stay, and their path is returned, if they can be completed.
        """


def open_sink(plan: OutputPlan) -> Sink:
    """Open the output of a plan.

    Raises:
        VideoError: the output cannot be created.
    """
    with explained(plan):
        return ImageSink(plan) if plan.container is None else FileSink(plan, plan.container)


class FileSink:
    """Writes a video file; encoder, muxer and the copied streams run in the caller's thread."""

    def __init__(self, plan: OutputPlan, container: str) -> None:
        self._plan = plan
        self._count = 0
        quieten(plan.encoding)
        self._file = OutputFile(plan, container, self._add_encoder)

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """See `Sink.write`."""
        _check_picture(picture, self._plan)
        picture.pts, picture.time_base = pts - self._file.offset, self._plan.pictures.time_base
        picture.duration = duration or 0
        self._count += 1
        with explained(self._plan):
            self._file.mux(self._file.pictures.encode(picture))

    def finish(self) -> tuple[str, ...]:
        """See `Sink.finish`."""
        try:
            with explained(self._plan):
                self._complete()
                publish(self._file.partial, self._plan.target, self._plan.overwrite)
        except BaseException:
            self.abort()
            raise
        return self._file.warnings

    def abort(self, keep: bool = False) -> Path | None:
        """See `Sink.abort`."""
        if keep:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._complete()
                return self._file.partial
        self._file.discard()
        return None

    def _add_encoder(self, output: OutputContainer) -> VideoStream:
        stream = output.add_stream(encoder_of(self._plan.encoding).codec)
        assert isinstance(stream, VideoStream)
        configure(stream.codec_context, self._plan.encoding, self._plan.pictures)
        return stream

    def _complete(self) -> None:
        packets = self._file.pictures.encode(None)
        if self._count <= _X265_DELAY and encoder_of(self._plan.encoding).codec == "libx265":
            for packet in packets:
                packet.dts = packet.pts
        self._file.mux(packets)
        self._file.complete()


class ImageSink:
    """Writes numbered PNG frames; each file is renamed to its number when it is complete."""

    def __init__(self, plan: OutputPlan) -> None:
        self._plan = plan
        self._made_folder = not plan.target.parent.exists()
        self._count = 0
        self._written: list[Path] = []
        plan.target.parent.mkdir(exist_ok=True)
        context = CodecContext.create(encoder_of(plan.encoding).codec, "w")
        assert isinstance(context, VideoCodecContext)
        configure(context, plan.encoding, plan.pictures)
        context.open()
        self._encoder = context

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """See `Sink.write`; PNG frames cannot store the time stamp."""
        _check_picture(picture, self._plan)
        if self._count and not FRAME_NUMBER.search(self._plan.target.name):
            raise VideoError(f"{self._plan.target} holds one picture: write NAME%06d.png for more.")
        self._count += 1
        picture.pts, picture.time_base = pts, self._plan.pictures.time_base
        with explained(self._plan):
            self._store(self._encoder.encode(picture))

    def finish(self) -> tuple[str, ...]:
        """See `Sink.finish`."""
        try:
            with explained(self._plan):
                self._store(self._encoder.encode(None))
                sync(self._plan.target.parent)
        except BaseException:
            self.abort()
            raise
        return ()

    def abort(self, keep: bool = False) -> Path | None:
        """See `Sink.abort`."""
        if keep and self._written:
            return self._plan.target.parent
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._made_folder:
            with contextlib.suppress(OSError):  # the folder may hold other files by now
                self._plan.target.parent.rmdir()
        return None

    def _store(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            path = frame_path(self._plan.target, len(self._written))
            with replaced(path, synced=True) as partial:
                partial.write_bytes(packet)
            self._written.append(path)


def _check_picture(picture: VideoFrame, plan: OutputPlan) -> None:
    """Check the size and pixel format of a frame.

    Otherwise PyAV would convert the frame without a message, and wrongly: FFmpeg's scaler assumes BT.601.
    """
    expected = plan.pictures
    if (picture.width, picture.height, picture.format.name) != (
        expected.width,
        expected.height,
        expected.pixel_format,
    ):
        raise ValueError(f"a picture {picture} does not fit the plan {expected}")
