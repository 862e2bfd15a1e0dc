"""Raw pictures in NUT, the only container that carries them between ffmpegs whole, but for their tags."""

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
"""Seconds that the decode half adds to all times, for NUT's muxer would move negative ones to zero."""
_YUV = {(2, 2): "420", (1, 2): "422", (1, 1): "444", (1, 4): "411", (4, 4): "410", (2, 1): "440"}
_DEPTHS = (8, 9, 10, 12, 14, 16)


def wire_format(pixel_format: str) -> str:
    """The planar format that holds all of a picture of `pixel_format`, but for alpha.

    FFmpeg writes semi-planar, packed and float pictures into NUT under tags that are read as something else.

    Raises:
        JobError: its samples are not known to us.
    """
    try:
        layout = pixel_layout(readable_format(pixel_format))
    except VideoError as error:
        raise JobError(
            f"the pictures arrive at realbasicvsr as {pixel_format}: put format=yuv420p in front of it "
            "(and hwdownload before that, if they are on a device)."
        ) from error
    if pixel_format.startswith("yuvj"):  # any other name for it would convert the range
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
    """Pictures that an ffmpeg writes, with the tags put back that NUT has lost.

    Args:
        pipe: The ffmpeg's stdout.
        pictures: What was seen of them before.
        early: Seconds to be taken off all times.
    """

    def __init__(self, pipe: IO[bytes], pictures: Pictures, early: int = HEAD_START) -> None:
        self._pipe, self._early = pipe, early
        self._tags = dict(pictures.tags)
        self.time_base = pictures.time_base
        self.metadata: dict[str, str] = {}
        self.disposition = Disposition(0)

    def __iter__(self) -> Iterator[SourceFrame]:
        """Pictures until the pipe ends, wherever it does; the first sets `time_base` and `metadata`."""
        try:
            container = av.open(self._pipe, "r", format="nut", buffer_size=1 << 20)
        except (av.FFmpegError, EOFError):  # not even a header: its writer knows why
            return
        with container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            self.time_base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
            self.metadata = {name: value for name, value in stream.metadata.items() if name != "encoder"}
            self.disposition = stream.disposition
            early = math.floor(self._early / self.time_base + Fraction(1, 2))  # as FFmpeg rounds it
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
    """Pictures for an ffmpeg to read.

    Args:
        pipe: The ffmpeg's stdin.
        picture: The first of them, for size and format.
        time_base: Unit of the time stamps.
        rate: Frames per second, a hint for encoders.
        shape: Sample aspect ratio, if known.
        metadata: The stream's.
        disposition: The stream's flags.
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
        """Write a picture.

        Raises:
            BrokenPipeError: the ffmpeg reads no more.
        """
        picture.pts, picture.time_base = pts, self._time_base
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """End the stream.

        Raises:
            BrokenPipeError: the ffmpeg reads no more.
        """
        self._container.mux(self._stream.encode(None))
        self._container.close()


def pipe_input(
    program: FFmpeg, colour: list[str], mastering: str | None, light: str | None, late: Fraction = Fraction(0)
) -> list[str]:
    """Arguments of an ffmpeg that reads pictures from its stdin.

    Args:
        program: The ffmpeg.
        colour: See `colour_options`.
        mastering: HDR10's mastering display, see `mastering_display`.
        light: HDR10's largest and mean light level.
        late: Seconds to the first picture: FFmpeg moves a pipe, as every input, to zero.
    """
    # Without these, an encoder's complaint would come 14 pictures late.
    words = ["-f", "nut", "-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0"]
    if late:
        words += ["-itsoffset", f"{float(late):.9f}"]
    if program.takes_side_data:
        words += ["-mastering_display", mastering] if mastering else []
        words += ["-content_light", light] if light else []
    return [*words, *colour, "-i", "pipe:0"]


def colour_options(tags: dict[str, str]) -> list[str]:
    """Options of a raw input that say what its codes mean; numbers do for names."""
    names = {"range": "color_range", "chroma_location": "chroma_sample_location"}
    return [word for tag, value in tags.items() for word in (f"-{names.get(tag, tag)}", value)]


def _options(tags: dict[str, str]) -> str:
    return ":".join(f"{name}={value}" for name, value in tags.items())
