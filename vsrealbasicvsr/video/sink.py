"""Where restored pictures go: a video file with the source's streams beside them, or PNG frames.

A file is written as `NAME.partial.EXT` and gets its name only when it is whole and on the disk.
Time stamps keep the source's unit exactly in MP4 and MOV; Matroska's clock ticks in whole milliseconds,
which is FFmpeg's limit.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.carry import Carry, is_disk_full
from vsrealbasicvsr.video.encoders import configure, encoder_of, quieten
from vsrealbasicvsr.video.matroska import PLACEHOLDER_DEGREES, write_pixel_shape
from vsrealbasicvsr.video.output import FRAME_NUMBER, OutputPlan, frame_path, plan_output

__all__ = ["FileSink", "ImageSink", "OutputPlan", "Sink", "open_sink", "plan_output"]

# MP4 counts edit lists, which hold a late start, in this unit; FFmpeg's default is a thousandth of a second.
_LARGEST_MOVIE_TIMESCALE = 1_000_000
# We hand packets over in order of time, so the muxer need not wait its usual ten seconds for a sparse
# subtitle: ten seconds of lossless 4K are gigabytes.
_INTERLEAVE = {"max_interleave_delta": "1000000"}


class Sink(Protocol):
    """Takes pictures in order of time; exactly one of `finish` and `abort` ends it."""

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """Add a picture of the plan's size and pixel format.

        Args:
            picture: From now on the sink's.
            pts: The source's time stamp, in the plan's time base.
            duration: In the same unit; None where unknown.

        Raises:
            VideoError: the disk is full, or the encoder failed.
        """

    def finish(self) -> tuple[str, ...]:
        """Complete the output and give it its name.

        Returns:
            Warnings, a sentence each: what could not be copied.

        Raises:
            VideoError: the disk is full, or the encoder failed; nothing is left then.
        """

    def abort(self, keep: bool = False) -> Path | None:
        """Stop early. Nothing is left, or with `keep` what was done so far, at the path returned."""


def open_sink(plan: OutputPlan) -> Sink:
    """Open the output.

    Raises:
        VideoError: it cannot be created.
    """
    with _explained(plan):
        return ImageSink(plan) if plan.container is None else FileSink(plan, plan.container)


class FileSink:
    """Writes a container; encoder, muxer and the copied streams run in the caller's thread."""

    def __init__(self, plan: OutputPlan, container: str) -> None:
        self._plan = plan
        self._partial = plan.target.with_suffix(f".partial{plan.target.suffix}")
        self._shape = _header_shape(plan)
        self._offset = round(plan.start / plan.pictures.time_base)
        self._output = av.open(
            f"file:{self._partial}", "w", format=container, container_options=_muxer_options(plan)
        )
        self._carry: Carry | None = None
        try:
            self._stream = self._add_pictures()
            if plan.source:
                self._carry = Carry(
                    plan.source,
                    self._output,
                    self._stream,
                    pictures=plan.stream,
                    kept=plan.kept,
                    start=plan.start,
                )
            self._output.start_encoding()
        except BaseException:
            self.abort()
            raise

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """See `Sink.write`."""
        _check_picture(picture, self._plan)
        picture.pts, picture.time_base = pts - self._offset, self._plan.pictures.time_base
        picture.duration = duration or 0
        with _explained(self._plan):
            self._mux(self._stream.encode(picture))

    def finish(self) -> tuple[str, ...]:
        """See `Sink.finish`."""
        try:
            with _explained(self._plan):
                self._complete()
                if self._plan.target.exists() and not self._plan.overwrite:
                    raise VideoError(f"{self._plan.target} has appeared meanwhile; the new file is dropped.")
                _publish(self._partial, self._plan.target)
        except BaseException:
            self.abort()
            raise
        lost = self._carry.lost if self._carry else 0
        return (f"{lost} damaged packets of the source's other streams were not copied.",) if lost else ()

    def abort(self, keep: bool = False) -> Path | None:
        """See `Sink.abort`."""
        if keep:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._complete()
                return self._partial
        with contextlib.suppress(av.FFmpegError, OSError):
            self._output.close()
        if self._carry:
            self._carry.close()
        self._partial.unlink(missing_ok=True)
        return None

    def _add_pictures(self) -> VideoStream:
        plan, pictures = self._plan, self._plan.pictures
        codec = encoder_of(plan.encoding).codec
        stream = self._output.add_stream(codec, rate=pictures.rate or 25, time_base=pictures.time_base)
        assert isinstance(stream, VideoStream)
        configure(stream.codec_context, plan.encoding, pictures)
        quieten(plan.encoding)
        if codec == "libx265" and plan.container != "matroska":
            stream.codec_context.codec_tag = "hvc1"  # Apple's players know no other
        if plan.rotation or self._shape:
            stream.set_display_rotation(plan.rotation or PLACEHOLDER_DEGREES)
        return stream

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            if self._carry and packet.dts is not None:
                self._carry.until(packet.dts * packet.time_base)
            self._output.mux(packet)

    def _complete(self) -> None:
        self._mux(self._stream.encode(None))
        if self._carry:
            self._carry.rest()
            self._carry.close()
        self._output.close()
        if self._shape:
            write_pixel_shape(self._partial, self._plan.size, self._shape)
        _sync(self._partial)


class ImageSink:
    """Writes numbered PNG frames, each under its name only when it is whole."""

    def __init__(self, plan: OutputPlan) -> None:
        self._plan = plan
        self._made_folder = not plan.target.parent.exists()
        self._taken = 0
        self._written: list[Path] = []
        plan.target.parent.mkdir(exist_ok=True)
        context = CodecContext.create(encoder_of(plan.encoding).codec, "w")
        assert isinstance(context, VideoCodecContext)
        configure(context, plan.encoding, plan.pictures)
        context.open()
        self._encoder = context

    def write(self, picture: VideoFrame, pts: int, duration: int | None) -> None:
        """See `Sink.write`; the time stamps have no place in PNG frames."""
        _check_picture(picture, self._plan)
        if self._taken and not FRAME_NUMBER.search(self._plan.target.name):
            raise VideoError(f"{self._plan.target} holds one picture: write NAME%06d.png for more.")
        self._taken += 1
        picture.pts, picture.time_base = pts, self._plan.pictures.time_base
        with _explained(self._plan):
            self._store(self._encoder.encode(picture))

    def finish(self) -> tuple[str, ...]:
        """See `Sink.finish`."""
        try:
            with _explained(self._plan):
                self._store(self._encoder.encode(None))
                _sync(self._plan.target.parent)
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
            with contextlib.suppress(OSError):  # someone else's files may be in it by now
                self._plan.target.parent.rmdir()
        return None

    def _store(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            path = frame_path(self._plan.target, len(self._written))
            partial = path.with_suffix(".partial.png")
            try:
                partial.write_bytes(packet)
                _publish(partial, path)
            finally:
                partial.unlink(missing_ok=True)
            self._written.append(path)


def _muxer_options(plan: OutputPlan) -> dict[str, str]:
    unit = plan.pictures.time_base.denominator
    timescale = unit * -(-1000 // unit)
    if plan.container == "matroska" or timescale > _LARGEST_MOVIE_TIMESCALE:
        return _INTERLEAVE
    return {**_INTERLEAVE, "movie_timescale": str(timescale)}


def _header_shape(plan: OutputPlan) -> Fraction | None:
    """The pixel shape that must be put into the header behind FFmpeg's back; a rotation leaves no room."""
    shape = plan.pictures.sample_aspect_ratio
    wanted = plan.container == "matroska" and shape not in (0, 1) and not plan.rotation
    return shape if wanted else None


def _check_picture(picture: VideoFrame, plan: OutputPlan) -> None:
    """PyAV would convert quietly, and wrongly: FFmpeg's scaler guesses BT.601."""
    wanted = plan.pictures
    if (picture.width, picture.height, picture.format.name) != (
        wanted.width,
        wanted.height,
        wanted.pixel_format,
    ):
        raise ValueError(f"a picture {picture} does not fit the plan {wanted}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(partial: Path, path: Path) -> None:
    partial.replace(path)


@contextlib.contextmanager
def _explained(plan: OutputPlan) -> Iterator[None]:
    """Turn what FFmpeg and the system raise into one sentence."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        if is_disk_full(error):
            text = f"disk full while writing {plan.target}: make room, or choose another disk."
        else:
            text = f"{plan.encoding.encoder} stopped writing {plan.target}: {error.strerror or error}."
        raise VideoError(text) from error
