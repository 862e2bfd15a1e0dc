"""Conversion of any format to RGB float and back, by the properties of each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import vapoursynth as vs

from vsrealbasicvsr.untagged import usual_matrix

_RGB, _UNSPECIFIED, _RESERVED = 0, 2, 3
_BT2020 = (9, 10)
_TOP_LEFT = 2
_KEPT = ("_RealBasicVSRMatrix", "_RealBasicVSRFullRange", "_RealBasicVSRChromaLocation")
"""Properties that bring a frame's colours from the way in to the way out, where they are removed."""


@dataclass(frozen=True, slots=True)
class _Colours:
    """How a frame's samples stand for colours; numbers are VapourSynth's."""

    matrix: int
    full_range: int
    chroma_location: int
    field_based: int | None
    """The property `_FieldBased`, which conversions do not follow: frames are restored as they come."""

    @classmethod
    def tagged(cls, frame: vs.VideoFrame) -> Self:
        """From a frame's properties; what they do not say, from the others, its size and format."""
        props, family = frame.props, frame.format.color_family
        is_rgb = family == vs.RGB
        matrix = _RGB if is_rgb else int(props.get("_Matrix", _UNSPECIFIED))
        if matrix in (_UNSPECIFIED, _RESERVED) or (family == vs.GRAY and matrix == _RGB):
            matrix = usual_matrix(props.get("_Primaries"), frame.width, frame.height)
        if "_Range" in props:
            full_range = int(props["_Range"])
        elif "_ColorRange" in props:  # before VapourSynth R74, and counted the other way
            full_range = 1 - int(props["_ColorRange"])
        else:
            full_range = int(is_rgb)
        is_wide = matrix in _BT2020 or props.get("_Primaries") in _BT2020
        location = int(props.get("_ChromaLocation", _TOP_LEFT if is_wide else 0))
        return cls(matrix, full_range, location, props.get("_FieldBased"))

    @classmethod
    def kept(cls, frame: vs.VideoFrame) -> Self:
        """From the properties that `rgb_of` left."""
        matrix, full_range, location = (int(frame.props[name]) for name in _KEPT)
        return cls(matrix, full_range, location, frame.props.get("_FieldBased"))

    def keep(self, clip: vs.VideoNode) -> vs.VideoNode:
        values = (self.matrix, self.full_range, self.chroma_location)
        return clip.std.SetFrameProps(**dict(zip(_KEPT, values, strict=True)))

    def convert(self, clip: vs.VideoNode, resizer: str, *size: int, **arguments: int | str) -> vs.VideoNode:
        """The clip through a resizer, which is told all; properties that contradict it are not asked."""
        plain = clip.std.RemoveFrameProps(["_FieldBased", "_Matrix"])
        converted: vs.VideoNode = getattr(plain.resize, resizer)(*size, **arguments)
        if self.field_based is None:
            return converted
        return converted.std.SetFrameProps(_FieldBased=self.field_based)

    def arguments(self, format: vs.VideoFormat, *, suffix: str = "") -> dict[str, int | str]:
        """Keywords of a resizer for a clip of that format; `suffix` is "_in" for its input."""
        named: dict[str, int | str] = {f"range{suffix}_s": "full" if self.full_range else "limited"}
        if format.color_family != vs.RGB:
            named[f"matrix{suffix}"] = self.matrix
        if format.subsampling_w or format.subsampling_h:
            named[f"chromaloc{suffix}"] = self.chroma_location
        return named


def rgb_of(clip: vs.VideoNode) -> vs.VideoNode:
    """The clip as RGBS, or RGBH where its samples are half floats; remembers its colours for `like`."""
    half = clip.format.sample_type == vs.FLOAT and clip.format.bits_per_sample == 16
    target = vs.core.query_video_format(vs.RGB, vs.FLOAT, 16 if half else 32)

    def convert(colours: _Colours) -> vs.VideoNode:
        arguments = colours.arguments(clip.format, suffix="_in")
        return colours.keep(colours.convert(clip, "Bicubic", format=target.id, **arguments))

    return _by_frame(vs.core.std.BlankClip(clip, format=target.id, keep=True), clip, _Colours.tagged, convert)


def like(
    clip: vs.VideoNode, original: vs.VideoNode, size: tuple[int, int] | None, kernel: str
) -> vs.VideoNode:
    """An RGB clip from `rgb_of` in the format and the colours of the original.

    Where the original did not say its matrix, the one that was assumed is written: other programs would
    guess another from the larger size.

    Args:
        clip: RGB float.
        original: the clip whose format it shall have.
        size: width and height to resize to; the sample aspect ratio then keeps the display's shape.
        kernel: of that resizing, a lower-case name of VapourSynth's.
    """
    width, height = size or (clip.width, clip.height)
    stretch = Fraction(clip.width * height, clip.height * width)
    resizer = kernel.capitalize() if size else "Bicubic"

    def read(frame: vs.VideoFrame) -> tuple[_Colours, Fraction | None]:
        shape = int(frame.props.get("_SARNum", 0)), int(frame.props.get("_SARDen", 0))
        return _Colours.kept(frame), Fraction(*shape) * stretch if size and all(shape) else None

    def convert(meaning: tuple[_Colours, Fraction | None]) -> vs.VideoNode:
        colours, shape = meaning
        arguments = colours.arguments(original.format)
        converted = colours.convert(clip, resizer, width, height, format=original.format.id, **arguments)
        if shape is not None:
            converted = converted.std.SetFrameProps(_SARNum=shape.numerator, _SARDen=shape.denominator)
        return converted.std.RemoveFrameProps(list(_KEPT))

    blank = vs.core.std.BlankClip(clip, width, height, format=original.format.id, keep=True)
    return _by_frame(blank, clip, read, convert)


def _by_frame[Meaning](
    template: vs.VideoNode,
    clip: vs.VideoNode,
    read: Callable[[vs.VideoFrame], Meaning],
    convert: Callable[[Meaning], vs.VideoNode],
) -> vs.VideoNode:
    """A clip of the template's format whose frames are converted by what each frame of `clip` means."""
    converted: dict[Meaning, vs.VideoNode] = {}

    def choose(n: int, f: vs.VideoFrame) -> vs.VideoNode:
        meaning = read(f)
        if meaning not in converted:
            node = convert(meaning)
            node.std.SetVideoCache(mode=0)  # each frame is asked for once
            converted[meaning] = node
        return converted[meaning]

    return template.std.FrameEval(choose, prop_src=clip, clip_src=clip)
