"""Raw frames in NUT, the only container that carries them between ffmpeg processes; only tags are lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import IO

import av
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import JobError, VideoError
from vsrealbasicvsr.ffmpeg.halves.nut import Shaped
from vsrealbasicvsr.ffmpeg.halves.rehearsal import Pictures
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg
from vsrealbasicvsr.video.colour.layout import Layout, pixel_layout, readable_format
from vsrealbasicvsr.video.filter_chain import FilterChain
from vsrealbasicvsr.video.read.source import SourceFrame

HEAD_START = 1_000_000
"""Seconds that the decode half adds to all times, because NUT's muxer would move negative times to zero."""
_YUV = {(2, 2): "420", (1, 2): "422", (1, 1): "444", (1, 4): "411", (4, 4): "410", (2, 1): "440"}
_DEPTHS = (8, 9, 10, 12, 14, 16)


def wire_format(pixel_format: str) -> str:
    """Return the planar format that holds all samples of `pixel_format`, except alpha.

    FFmpeg writes semi-planar, packed and float frames into NUT with tags that it reads as something else.

    Raises:
        JobError: the kind of its samples is unknown.
    """
    try:
        layout = pixel_layout(readable_format(pixel_format))
    except VideoError as error:
        raise JobError(
            f"the pictures arrive at realbasicvsr as {pixel_format}: put format=yuv420p in front of it "
            "(and hwdownload before that, if they are on a device)."
        ) from error
    if pixel_format.startswith("yuvj"):  # with any other format FFmpeg would convert the range
        return pixel_format
    return _planar(layout)


def _planar(layout: Layout) -> str:
    depth = 16 if layout.is_float else next(depth for depth in _DEPTHS if depth >= layout.depth)
    ending = "" if depth == 8 else f"{depth}le"
    if layout.family == "gray":
        return "gray" + ending
    if layout.family == "rgb":
        return "gbrp" + ending
    chroma = _YUV[layout.subsampling]
    if depth > 8 and chroma not in ("420", "422"):
        chroma = "444"
    return f"yuv{chroma}p{ending}"


class PictureReader:
    """Reader of the frames that an ffmpeg writes; it restores the tags that NUT has lost.

    Args:
        pipe: The stdout of the ffmpeg.
        pictures: Properties of the frames, from the rehearsal.
        early: Seconds to subtract from all times.
    """

    def __init__(self, pipe: IO[bytes], pictures: Pictures, early: int = HEAD_START) -> None:
        self._pipe, self._early = pipe, early
        self._tags = dict(pictures.tags)
        self.time_base = pictures.time_base
        self.metadata: dict[str, str] = {}
        self.disposition = Disposition(0)

    def __iter__(self) -> Iterator[SourceFrame]:
        """Yield frames until the pipe ends, even inside a frame. The first sets the reader's attributes."""
        try:
            container = av.open(self._pipe, "r", format="nut", buffer_size=1 << 20)
        except (av.FFmpegError, EOFError):  # there is no header; the ffmpeg reports why
            return
        with container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            self.time_base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
            self.metadata = {name: value for name, value in stream.metadata.items() if name != "encoder"}
            self.disposition = stream.disposition
            early = math.floor(self._early / self.time_base + Fraction(1, 2))  # rounded as in FFmpeg
            tagger = FilterChain(("setparams", _options(self._tags)), time_base=self.time_base)
            try:
                for picture in container.decode(stream):
                    for tagged in tagger.push(picture) if self._tags else (picture,):
                        assert tagged.pts is not None
                        tagged.pts -= early
                        yield SourceFrame(tagged, tagged.pts, picture.duration or None)
            except (av.FFmpegError, EOFError):
                return


class PictureWriter:
    """Writer of frames for an ffmpeg to read.

    Args:
        pipe: The stdin of the ffmpeg.
        picture: The first frame, for size and format.
        time_base: Unit of the time stamps, in seconds.
        rate: Frames per second, a hint for encoders.
        shape: Sample aspect ratio; None if it is not known.
        metadata: Metadata of the stream.
        disposition: Flags of the stream.
    """

    def __init__(
        self,
        pipe: IO[bytes],
        picture: VideoFrame,
        *,
        time_base: Fraction,
        rate: Fraction | None,
        shape: Fraction | None = None,
        metadata: dict[str, str],
        disposition: Disposition,
    ) -> None:
        self._container = av.open(Shaped(pipe, shape) if shape else pipe, "w", format="nut")
        stream = self._container.add_stream("rawvideo", rate=rate or Fraction(25))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, picture.format.name
        stream.time_base = stream.codec_context.time_base = time_base
        stream.metadata.update(metadata)
        stream.disposition = disposition
        self._stream, self._time_base = stream, time_base

    def write(self, picture: VideoFrame, pts: int) -> None:
        """Write a frame.

        Raises:
            BrokenPipeError: the ffmpeg reads no more frames.
        """
        picture.pts, picture.time_base = pts, self._time_base
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """End the stream.

        Raises:
            BrokenPipeError: the ffmpeg reads no more frames.
        """
        self._container.mux(self._stream.encode(None))
        self._container.close()


def pipe_input(
    program: FFmpeg, colour: list[str], mastering: str | None, light: str | None, late: Fraction = Fraction(0)
) -> list[str]:
    """Return the arguments of an ffmpeg that reads frames from its stdin.

    Args:
        program: The ffmpeg.
        colour: See `colour_options`.
        mastering: HDR10's mastering display, see `mastering_display`.
        light: HDR10's largest and mean light level.
        late: Time of the first frame in seconds. FFmpeg moves every input to zero, also a pipe.
    """
    # Without these options, an encoder's error would come 14 frames late.
    words = ["-f", "nut", "-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0"]
    if late:
        words += ["-itsoffset", f"{float(late):.9f}"]
    if program.takes_side_data:
        words += ["-mastering_display", mastering] if mastering else []
        words += ["-content_light", light] if light else []
    return [*words, *colour, "-i", "pipe:0"]


def colour_options(tags: dict[str, str]) -> list[str]:
    """Return options of a raw input that say what its samples mean; values may be names or numbers."""
    names = {"range": "color_range", "chroma_location": "chroma_sample_location"}
    return [word for tag, value in tags.items() for word in (f"-{names.get(tag, tag)}", value)]


def _options(tags: dict[str, str]) -> str:
    return ":".join(f"{name}={value}" for name, value in tags.items())
