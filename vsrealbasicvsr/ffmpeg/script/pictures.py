"""Frames of a VapourSynth clip in the form that ffmpeg reads, and the meaning of their properties."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
import vapoursynth as vs
from av.video.frame import VideoFrame

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.ffmpeg.halves.hdr import mastering_display

_DEPTHS = (8, 9, 10, 12, 14, 16)
_CHROMA = {(1, 1): "420", (1, 0): "422", (0, 0): "444", (2, 0): "411", (2, 2): "410", (0, 1): "440"}
_DEEP_CHROMA = ("420", "422", "444")
_FAMILIES = {vs.YUV: "yuv", vs.GRAY: "gray", vs.RGB: "gbr"}
_RGB_PLANES = (1, 2, 0)
_UNSPECIFIED, _RESERVED = 2, 3
_TICKS_PER_SECOND = 90_000
"""Ticks of the time base, if the durations need no finer one."""
_MAX_TICKS_PER_SECOND = 1 << 30


@dataclass(frozen=True, slots=True)
class Properties:
    """What the properties of a frame say about the whole clip.

    Attributes:
        tags: Colour tags for `colour_options`.
        shape: Sample aspect ratio; None if it is not known.
        mastering: HDR10's mastering display in FFmpeg's notation, or None.
        light: HDR10's largest and mean light level in FFmpeg's notation, or None.
        is_interlaced: True if its lines belong to two fields.
    """

    tags: dict[str, str]
    shape: Fraction | None
    mastering: str | None
    light: str | None
    is_interlaced: bool


def carried(clip: vs.VideoNode) -> vs.VideoNode:
    """Convert the clip to a format that all versions of ffmpeg read from NUT: integer samples in planes.

    Raises:
        JobError: VapourSynth cannot convert the clip.
    """
    source = clip.format
    depth = (
        16
        if source.sample_type == vs.FLOAT
        else min(d for d in _DEPTHS if d >= min(source.bits_per_sample, 16))
    )
    chroma = source.subsampling_w, source.subsampling_h
    known = _CHROMA.get(chroma)
    if known is None or (depth > 8 and known not in _DEEP_CHROMA):
        chroma = (0, 0)
    target = vs.core.query_video_format(source.color_family, vs.INTEGER, depth, *chroma)
    if target.id == source.id:
        return clip
    try:
        return cast(vs.VideoNode, clip.resize.Bicubic(format=target.id))
    except vs.Error as error:
        raise JobError(f"the clip's format {source.name} cannot be encoded: {error}.") from error


def pixel_format_of(clip: vs.VideoNode) -> str:
    """Return FFmpeg's name for the format of a clip from `carried`."""
    depth, family = clip.format.bits_per_sample, _FAMILIES[clip.format.color_family]
    if family == "yuv":
        family += _CHROMA[clip.format.subsampling_w, clip.format.subsampling_h]
    planar = "" if family == "gray" else "p"
    return f"{family}{planar}" + (f"{depth}le" if depth > 8 else "")


def blank_picture(clip: vs.VideoNode) -> VideoFrame:
    """Return a blank frame with the size and format of the clip, for the rehearsal."""
    picture = VideoFrame(clip.width, clip.height, pixel_format_of(clip))
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    return picture


def picture_of(frame: vs.VideoFrame, pixel_format: str) -> VideoFrame:
    """Copy the samples of a frame bit for bit."""
    picture = VideoFrame(frame.width, frame.height, pixel_format)
    order = _RGB_PLANES if frame.format.color_family == vs.RGB else range(frame.format.num_planes)
    for plane, number in zip(picture.planes, order, strict=True):
        samples = np.asarray(frame[number])
        lines = np.frombuffer(cast(Any, plane), np.uint8).reshape(-1, plane.line_size)
        lines.view(samples.dtype)[: samples.shape[0], : samples.shape[1]] = samples
    return picture


def properties_of(frame: vs.VideoFrame) -> Properties:
    """Return what the properties of a frame say; a missing property stays missing."""
    props = frame.props
    tags = {}
    for name, tag in (
        ("_Matrix", "colorspace"),
        ("_Primaries", "color_primaries"),
        ("_Transfer", "color_trc"),
    ):
        if props.get(name, _UNSPECIFIED) not in (_UNSPECIFIED, _RESERVED):
            tags[tag] = str(int(props[name]))
    if "_Range" in props:
        tags["range"] = str(int(props["_Range"]) + 1)
    elif "_ColorRange" in props:  # before VapourSynth R74, with 0 and 1 swapped
        tags["range"] = str(2 - int(props["_ColorRange"]))
    if "_ChromaLocation" in props and (frame.format.subsampling_w or frame.format.subsampling_h):
        tags["chroma_location"] = str(int(props["_ChromaLocation"]) + 1)
    shape = int(props.get("_SARNum", 0)), int(props.get("_SARDen", 0))
    return Properties(
        tags,
        Fraction(*shape) if all(part > 0 for part in shape) else None,
        _mastering(props),
        _light(props),
        is_interlaced=props.get("_FieldBased", 0) in (1, 2),
    )


class Clock:
    """The times of frames, summed up from their durations.

    Args:
        rate: The clip's frames per second; 0 if only the frames have durations.
        first: The first frame.

    Raises:
        JobError: the duration of the first frame is unknown.
    """

    def __init__(self, rate: Fraction, first: vs.VideoFrame) -> None:
        self._usual = 1 / rate if rate else None
        self._now = Fraction(0)
        seconds = self._seconds(first, 0)
        self.rate = rate or 1 / seconds
        ticks = _TICKS_PER_SECOND
        for length in (seconds, 1 / self.rate):
            finer = math.lcm(ticks, length.denominator)
            ticks = finer if finer <= _MAX_TICKS_PER_SECOND else ticks
        self.time_base = Fraction(1, ticks)

    def pts(self, frame: vs.VideoFrame, number: int) -> int:
        """Return the frame's time in units of `time_base`; call it once for each frame, in order.

        Raises:
            JobError: the duration of the frame is unknown.
        """
        pts = round(self._now / self.time_base)
        self._now += self._seconds(frame, number)
        return pts

    def _seconds(self, frame: vs.VideoFrame, number: int) -> Fraction:
        numerator, denominator = (int(frame.props.get(f"_Duration{part}", 0)) for part in ("Num", "Den"))
        if numerator > 0 and denominator > 0:
            return Fraction(numerator, denominator)
        if self._usual is None:
            raise JobError(f"frame {number} has no duration, and the clip no frame rate: add std.AssumeFPS.")
        return self._usual


def _mastering(props: vs.FrameProps) -> str | None:
    names = ("MasteringDisplayPrimariesX", "MasteringDisplayPrimariesY")
    white = ("MasteringDisplayWhitePointX", "MasteringDisplayWhitePointY")
    light = ("MasteringDisplayMinLuminance", "MasteringDisplayMaxLuminance")
    if not all(name in props for name in (*names, *white, *light)):
        return None
    x, y = (list(np.atleast_1d(cast(Any, props[name]))) for name in names)
    points = [float(value) for point in zip(x, y, strict=True) for value in point]
    points += [float(cast(Any, props[name])) for name in white]
    return mastering_display(points, *(float(cast(Any, props[name])) for name in light))


def _light(props: vs.FrameProps) -> str | None:
    levels = [props.get(f"ContentLightLevel{name}") for name in ("Max", "Average")]
    return None if None in levels else ",".join(str(int(cast(Any, level))) for level in levels)
