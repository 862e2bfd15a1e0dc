"""Conversion of any format to RGB float and back, by the properties of each frame."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.filter.errors import told
from vsrealbasicvsr.video.colour.defaults import usual_matrix

_RGB = 0
_MATRICES = (1, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14)
_PRIMARIES = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
_TRANSFERS = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18)
"""Numbers of H.273 that zimg knows; all others count as not said."""
_NOT_BY_MATRIX_ALONE = (10, 12, 13, 14)
"""Matrices whose conversion takes primaries and transfer, too."""
_RANGES, _CHROMA_LOCATIONS = range(2), range(6)
_BT2020 = (9, 10)
_TOP_LEFT = 2
_TAGS = ("_Matrix", "_Range", "_ColorRange", "_ChromaLocation", "_Primaries", "_Transfer", "_FieldBased")
_KEPT = ("_RealBasicVSRMatrix", "_RealBasicVSRFullRange", "_RealBasicVSRChromaLocation")
"""Properties that bring a frame's colours from the way in to the way out, where they are removed."""


@dataclass(frozen=True, slots=True)
class _Colours:
    """How a frame's samples stand for colours; numbers are VapourSynth's."""

    matrix: int
    full_range: int
    chroma_location: int
    system: tuple[int, int] | None
    """Primaries and transfer where the matrix takes them."""

    @classmethod
    def tagged(cls, frame: vs.VideoFrame) -> Self:
        """From a frame's properties; what they do not say, from the others, its size and format.

        Raises:
            ClipError: the frame is YUV, and says that it is RGB.
        """
        family, primaries = frame.format.color_family, _tag(frame, "_Primaries", _PRIMARIES)
        is_rgb, matrix = family == vs.RGB, _tag(frame, "_Matrix", (_RGB, *_MATRICES))
        if family == vs.YUV and matrix == _RGB:
            raise ClipError(
                "The frames are YUV, and their property _Matrix=0 says RGB: set the right one in front, "
                "with std.SetFrameProps(_Matrix=1) for BT.709, or shuffle their planes into an RGB clip."
            )
        if matrix in _NOT_BY_MATRIX_ALONE and _system(frame) is None:
            matrix = None
        if is_rgb or matrix is None or matrix == _RGB:
            matrix = _RGB if is_rgb else usual_matrix(primaries, frame.width, frame.height)
        full_range = _tag(frame, "_Range", _RANGES)
        if full_range is None:
            # Before VapourSynth R74, and counted the other way; newer ones read _Range under that name, too.
            limited = None if "_Range" in frame.props else _tag(frame, "_ColorRange", _RANGES)
            full_range = int(is_rgb) if limited is None else 1 - limited
        location = _tag(frame, "_ChromaLocation", _CHROMA_LOCATIONS)
        if location is None:
            location = _TOP_LEFT if matrix in _BT2020 or primaries in _BT2020 else 0
        return cls._of(frame, matrix, full_range, location)

    @classmethod
    def kept(cls, frame: vs.VideoFrame) -> Self:
        """From the properties that `rgb_of` left."""
        matrix, full_range, location = (int(frame.props[name]) for name in _KEPT)
        return cls._of(frame, matrix, full_range, location)

    @classmethod
    def _of(cls, frame: vs.VideoFrame, matrix: int, full_range: int, location: int) -> Self:
        system = _system(frame) if matrix in _NOT_BY_MATRIX_ALONE else None
        return cls(matrix, full_range, location, system)

    def keep(self, clip: vs.VideoNode) -> vs.VideoNode:
        values = (self.matrix, self.full_range, self.chroma_location)
        return clip.std.SetFrameProps(**dict(zip(_KEPT, values, strict=True)))

    def convert(self, clip: vs.VideoNode, resizer: str, *size: int, **arguments: int | str) -> vs.VideoNode:
        """The clip through a resizer, which is told all; the frames' own properties are not asked."""
        plain = clip.std.RemoveFrameProps(list(_TAGS))
        if self.system is not None:
            primaries, transfer = self.system
            plain = plain.std.SetFrameProps(_Primaries=primaries, _Transfer=transfer)
        converted: vs.VideoNode = getattr(plain.resize, resizer)(*size, **arguments)
        untouched = ["_Primaries", "_Transfer", "_FieldBased", "_SARNum", "_SARDen"]
        if not any(name.startswith("chromaloc") for name in arguments):
            untouched.append("_ChromaLocation")
        return converted.std.CopyFrameProps(clip, props=untouched)

    def arguments(self, format: vs.VideoFormat, *, suffix: str = "") -> dict[str, int | str]:
        """Keywords of a resizer for a clip of that format; `suffix` is "_in" for its input."""
        named: dict[str, int | str] = {f"range{suffix}_s": "full" if self.full_range else "limited"}
        if format.color_family != vs.RGB:
            named[f"matrix{suffix}"] = self.matrix
        if format.subsampling_w or format.subsampling_h:
            named[f"chromaloc{suffix}"] = self.chroma_location
        return named


def _tag(frame: vs.VideoFrame, name: str, known: Container[int]) -> int | None:
    """A property that is one of the known numbers; None for all else."""
    value = frame.props.get(name)
    return value if isinstance(value, int) and value in known else None


def _system(frame: vs.VideoFrame) -> tuple[int, int] | None:
    primaries, transfer = _tag(frame, "_Primaries", _PRIMARIES), _tag(frame, "_Transfer", _TRANSFERS)
    return None if primaries is None or transfer is None else (primaries, transfer)


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
        try:
            meaning = read(f)
        except ClipError as error:
            raise told(error) from None
        if meaning not in converted:
            node = convert(meaning)
            node.std.SetVideoCache(mode=0)  # each frame is asked for once
            converted[meaning] = node
        return converted[meaning]

    return template.std.FrameEval(choose, prop_src=clip, clip_src=clip)
