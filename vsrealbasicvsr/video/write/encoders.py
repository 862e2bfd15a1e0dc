"""The encoders: FFmpeg's names, our defaults, and a check that an encoder opens with the user's options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.logging
from av.codec import Codec, CodecContext
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext

from vsrealbasicvsr.errors import VideoError

if TYPE_CHECKING:
    from vsrealbasicvsr.video.colour.tags import Colour

PROGRESSIVE = 1  # AV_FIELD_PROGRESSIVE
FRAME_DURATION = int(av.codec.context.Flags.frame_duration)


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder with our defaults.

    Attributes:
        codec: FFmpeg's name.
        pixel_formats: In order of preference; the default is the first one that the installed encoder takes.
        crf: Default quality; None if the encoder has no CRF scale.
        crf_limit: Largest value of CRF; the smallest is 0.
        options: Options that we set unless the user sets them.
        bits_per_pixel: Bits per pixel of the output, only for the rough estimate of disk space.
    """

    codec: str
    pixel_formats: tuple[str, ...]
    crf: float | None = None
    crf_limit: float = 0
    options: tuple[tuple[str, str], ...] = ()
    bits_per_pixel: float = 1.0


ENCODERS = {
    "x264": Encoder("libx264", ("yuv420p10le", "yuv420p"), 16, 51, bits_per_pixel=0.2),
    "x265": Encoder("libx265", ("yuv420p10le", "yuv420p"), 18, 51, bits_per_pixel=0.15),
    # SVT-AV1's default preset 8 is meant for live video; 6 costs little time compared with the network.
    "svtav1": Encoder(
        "libsvtav1", ("yuv420p10le", "yuv420p"), 22, 63, (("preset", "6"),), bits_per_pixel=0.12
    ),
    # Version 3 has a checksum for each slice, and stores the pixel shape in every frame.
    "ffv1": Encoder(
        "ffv1", ("yuv444p10le",), options=(("level", "3"), ("slicecrc", "1"), ("g", "1")), bits_per_pixel=14
    ),
    "prores": Encoder("prores_ks", ("yuv422p10le",), bits_per_pixel=4),
    "png": Encoder("png", ("rgb24", "rgb48be"), bits_per_pixel=12),
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoder and its settings.

    Attributes:
        encoder: One of ours (x264, x265, svtav1, ffv1, prores, png) or FFmpeg's name of any encoder. "auto"
            takes png for a sequence of frames, and x264 for a video file.
        crf: Constant quality, lower is better; None takes the encoder's default.
        pixel_format: FFmpeg's name; None takes the encoder's default.
        options: FFmpeg options of the encoder, in order; they override ours.
    """

    encoder: str = "auto"
    crf: float | None = None
    pixel_format: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """The properties of the frames that an encoder gets.

    Attributes:
        width: In pixels.
        height: In pixels.
        pixel_format: FFmpeg's name.
        colour: Colour tags, written unchanged.
        sample_aspect_ratio: Width over height of a pixel; 0 where unknown.
        time_base: Seconds per unit of the time stamps, kept exactly.
        rate: Nominal frames per second, only for rate control; 0 where unknown.
    """

    width: int
    height: int
    pixel_format: str
    colour: Colour
    sample_aspect_ratio: Fraction
    time_base: Fraction
    rate: Fraction


def encoder_of(encoding: Encoding) -> Encoder:
    """Return the encoder of an encoding; one outside our table has no default quality or options.

    Raises:
        VideoError: this build of FFmpeg has no such video encoder.
    """
    known = ENCODERS.get(encoding.encoder)
    codec = _codec(known.codec if known else encoding.encoder)
    if known:
        return known
    formats = tuple(form.name for form in codec.video_formats or ())
    return Encoder(codec.name, formats or ("yuv420p",))


def pixel_format_of(encoding: Encoding) -> str:
    """Return the requested pixel format, or the first of our preferences that the encoder takes.

    Raises:
        VideoError: the encoder is missing or does not take the format.
    """
    encoder = encoder_of(encoding)
    supported = [form.name for form in _codec(encoder.codec).video_formats or ()]
    if encoding.pixel_format is None:
        return next((name for name in encoder.pixel_formats if name in supported), encoder.pixel_formats[0])
    if supported and encoding.pixel_format not in supported:
        raise VideoError(
            f"{encoding.encoder} cannot write the pixel format {encoding.pixel_format}; "
            f"it takes {', '.join(supported)}."
        )
    return encoding.pixel_format


def codec_options(encoding: Encoding) -> dict[str, str]:
    """Return the options for FFmpeg: ours, the quality, then the user's.

    Raises:
        VideoError: the quality is outside the encoder's scale, or the encoder has no such scale.
    """
    encoder = encoder_of(encoding)
    options = dict(encoder.options)
    crf = encoding.crf if encoding.crf is not None else encoder.crf
    if encoding.encoder in ENCODERS and encoding.crf is not None:
        _check_crf(encoding.encoder, encoder, encoding.crf)
    if crf is not None and not (encoding.crf is None and {"qp", "b"} & dict(encoding.options).keys()):
        options["crf"] = f"{crf:g}"
    options.update(encoding.options)
    if encoder.codec == "libx265":  # otherwise x265 writes a page to stderr
        options["x265-params"] = ":".join(filter(None, ("log-level=error", options.get("x265-params"))))
    return options


def configure(context: VideoCodecContext, encoding: Encoding, pictures: Pictures) -> None:
    """Set up a codec context before it is opened; the check and the output use the same setup."""
    describe(context, pictures)
    context.time_base = pictures.time_base
    context.flags |= FRAME_DURATION
    context.thread_type = "AUTO"  # PyAV's default, slice threads, lowers x264's quality
    context.options = codec_options(encoding)


def describe(context: VideoCodecContext, pictures: Pictures) -> None:
    """Set the properties of the frames that a file's header states."""
    context.width, context.height = pictures.width, pictures.height
    context.pix_fmt = pictures.pixel_format
    context.framerate = pictures.rate or Fraction(25)
    context.sample_aspect_ratio = pictures.sample_aspect_ratio
    colour = pictures.colour
    context.colorspace, context.color_range = colour.matrix, 2 if colour.full_range else 1
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.chroma_sample_location = colour.chroma_location
    context.field_order = PROGRESSIVE


def check_encoder(encoding: Encoding, pictures: Pictures) -> None:
    """Open the encoder with the real size, format and options, and close it again.

    Raises:
        VideoError: the encoder is missing, refuses a value, or does not know an option.
    """
    codec = _codec(encoder_of(encoding).codec)
    pixel_format_of(encoding)
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    configure(context, encoding, pictures)
    quieten(encoding)
    failure: Exception | None = None
    with _messages() as messages:
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            failure = error
    if failure:
        raise VideoError(_refusal(encoding, pictures, messages, failure)) from failure
    if context.options:
        names = ", ".join(sorted(context.options))
        raise VideoError(f"{encoding.encoder} has no option {names}; see `ffmpeg -h encoder={codec.name}`.")
    for text in messages:
        if text.startswith(("Error parsing option", "Unknown option", "Invalid value for")):
            raise VideoError(f"{encoding.encoder} does not understand its parameters: {text}.")


def quieten(encoding: Encoding) -> None:
    """Stop SVT-AV1 from printing a page to stderr; it bypasses FFmpeg's log, and only this variable helps."""
    if encoder_of(encoding).codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")


def _codec(name: str) -> Codec:
    try:
        codec = Codec(name, "w")
    except UnknownCodecError:
        raise VideoError(
            f"this build of FFmpeg has no encoder {name}; ours are {', '.join(ENCODERS)}."
        ) from None
    if codec.type != "video":
        raise VideoError(f"{name} encodes {codec.type}, not pictures; ours are {', '.join(ENCODERS)}.")
    return codec


def _check_crf(name: str, encoder: Encoder, crf: float) -> None:
    if encoder.crf is None:
        raise VideoError(f"{name} has no --crf: leave it out or choose x264, x265 or svtav1.")
    if not 0 <= crf <= encoder.crf_limit:
        raise VideoError(f"--crf {crf:g} is out of range: {name} takes 0 to {encoder.crf_limit:g}.")


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect FFmpeg's warnings and errors during a block; the list is filled when the block has ended."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    texts: list[str] = []
    try:
        with av.logging.Capture() as records:
            yield texts
    finally:
        av.logging.set_level(level)
    texts.extend(text.strip().rstrip(".") for _, _, text in records)


def _refusal(encoding: Encoding, pictures: Pictures, messages: list[str], error: Exception) -> str:
    request = f"{pictures.width}x{pictures.height} {pictures.pixel_format}"
    options = ", ".join(f"{key}={value}" for key, value in encoding.options)
    request += f" with {options}" if options else ""
    reason = messages[-1] if messages else str(error)
    if pictures.width % 2 or pictures.height % 2:
        reason += " (most formats need an even width and height)"
    elif max(pictures.width, pictures.height) > 8704:
        reason += " (too large: above 16384x8704 only ffv1 and png go on)"
    return f"{encoding.encoder} refuses {request}: {reason}."
