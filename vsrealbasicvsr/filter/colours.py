"""Conversion of clips of any format to RGB float and back, by the properties of each frame."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.filter.errors import vs_error
from vsrealbasicvsr.video.colour.defaults import usual_matrix

_RGB = 0
_MATRICES = (1, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14)
_PRIMARIES = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
_TRANSFERS = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18)
"""H.273 numbers that zimg knows; all other numbers count as unspecified."""
_NOT_BY_MATRIX_ALONE = (10, 12, 13, 14)
"""Matrices whose conversion also needs primaries and transfer."""
_RANGES, _CHROMA_LOCATIONS = range(2), range(6)
_BT2020 = (9, 10)
_TOP_LEFT = 2
_TAGS = ("_Matrix", "_Range", "_ColorRange", "_ChromaLocation", "_Primaries", "_Transfer", "_FieldBased")
_CARRIED = ("_RealBasicVSRMatrix", "_RealBasicVSRFullRange", "_RealBasicVSRChromaLocation")
"""Private properties that carry a frame's colours from `rgb_of` to `like`, which removes them."""


@dataclass(frozen=True, slots=True)
class _Colours:
    """How the samples of a frame encode colours, in VapourSynth's numbers."""

    matrix: int
    full_range: int
    chroma_location: int
    system: tuple[int, int] | None
    """Primaries and transfer if the matrix needs them, otherwise None."""

    @classmethod
    def from_tags(cls, frame: vs.VideoFrame) -> Self:
        """Read the colours from a frame's properties.

        A missing property is guessed from the other properties, the frame's size and its format.

        Raises:
            ClipError: the frame is YUV, but its property says RGB.
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
            # VapourSynth before R74 has _ColorRange, with 0 and 1 swapped. Newer ones read _Range by that
            # name, too.
            limited = None if "_Range" in frame.props else _tag(frame, "_ColorRange", _RANGES)
            full_range = int(is_rgb) if limited is None else 1 - limited
        location = _tag(frame, "_ChromaLocation", _CHROMA_LOCATIONS)
        if location is None:
            location = _TOP_LEFT if matrix in _BT2020 or primaries in _BT2020 else 0
        return cls._of(frame, matrix, full_range, location)

    @classmethod
    def from_carried(cls, frame: vs.VideoFrame) -> Self:
        """Read the colours from the properties that `rgb_of` has set."""
        matrix, full_range, location = (int(frame.props[name]) for name in _CARRIED)
        return cls._of(frame, matrix, full_range, location)

    @classmethod
    def _of(cls, frame: vs.VideoFrame, matrix: int, full_range: int, location: int) -> Self:
        system = _system(frame) if matrix in _NOT_BY_MATRIX_ALONE else None
        return cls(matrix, full_range, location, system)

    def set_carried(self, clip: vs.VideoNode) -> vs.VideoNode:
        """Set the properties that `from_carried` reads."""
        values = (self.matrix, self.full_range, self.chroma_location)
        return clip.std.SetFrameProps(**dict(zip(_CARRIED, values, strict=True)))

    def convert(self, clip: vs.VideoNode, resizer: str, *size: int, **arguments: int | str) -> vs.VideoNode:
        """Convert the clip with a resizer that takes all colours from its keywords, not from the frames."""
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
        """Return a resizer's keywords for a clip of that format; `suffix` is "_in" for the input clip."""
        named: dict[str, int | str] = {f"range{suffix}_s": "full" if self.full_range else "limited"}
        if format.color_family != vs.RGB:
            named[f"matrix{suffix}"] = self.matrix
        if format.subsampling_w or format.subsampling_h:
            named[f"chromaloc{suffix}"] = self.chroma_location
        return named


def _tag(frame: vs.VideoFrame, name: str, known: Container[int]) -> int | None:
    """Return a property if it is one of the known numbers, otherwise None."""
    value = frame.props.get(name)
    return value if isinstance(value, int) and value in known else None


def _system(frame: vs.VideoFrame) -> tuple[int, int] | None:
    primaries, transfer = _tag(frame, "_Primaries", _PRIMARIES), _tag(frame, "_Transfer", _TRANSFERS)
    return None if primaries is None or transfer is None else (primaries, transfer)


def rgb_of(clip: vs.VideoNode) -> vs.VideoNode:
    """Convert the clip to RGBS, or to RGBH if its samples are half floats.

    Private properties of each frame carry the original colours to `like`.
    """
    half = clip.format.sample_type == vs.FLOAT and clip.format.bits_per_sample == 16
    target = vs.core.query_video_format(vs.RGB, vs.FLOAT, 16 if half else 32)

    def convert(colours: _Colours) -> vs.VideoNode:
        arguments = colours.arguments(clip.format, suffix="_in")
        return colours.set_carried(colours.convert(clip, "Bicubic", format=target.id, **arguments))

    return _by_frame(
        vs.core.std.BlankClip(clip, format=target.id, keep=True), clip, _Colours.from_tags, convert
    )


def like(
    clip: vs.VideoNode, original: vs.VideoNode, size: tuple[int, int] | None, kernel: str
) -> vs.VideoNode:
    """Convert an RGB clip from `rgb_of` to the format and the colours of the original.

    If the original does not state its matrix, the assumed matrix is written into the result. Otherwise other
    programs would guess a different matrix from the larger size.

    Args:
        clip: RGB float.
        original: the clip whose format the result gets.
        size: width and height to resize to; the sample aspect ratio then changes so that the display keeps
            its shape. None does not resize.
        kernel: kernel of the resizing, one of VapourSynth's names in lower case.
    """
    width, height = size or (clip.width, clip.height)
    stretch = Fraction(clip.width * height, clip.height * width)
    resizer = kernel.capitalize() if size else "Bicubic"

    def read(frame: vs.VideoFrame) -> tuple[_Colours, Fraction | None]:
        shape = int(frame.props.get("_SARNum", 0)), int(frame.props.get("_SARDen", 0))
        return _Colours.from_carried(frame), Fraction(*shape) * stretch if size and all(shape) else None

    def convert(meaning: tuple[_Colours, Fraction | None]) -> vs.VideoNode:
        colours, shape = meaning
        arguments = colours.arguments(original.format)
        converted = colours.convert(clip, resizer, width, height, format=original.format.id, **arguments)
        if shape is not None:
            converted = converted.std.SetFrameProps(_SARNum=shape.numerator, _SARDen=shape.denominator)
        return converted.std.RemoveFrameProps(list(_CARRIED))

    blank = vs.core.std.BlankClip(clip, width, height, format=original.format.id, keep=True)
    return _by_frame(blank, clip, read, convert)


def _by_frame[Meaning](
    template: vs.VideoNode,
    clip: vs.VideoNode,
    read: Callable[[vs.VideoFrame], Meaning],
    convert: Callable[[Meaning], vs.VideoNode],
) -> vs.VideoNode:
    """Return a clip of the template's format: `convert` makes a node for each value that `read` returns."""
    converted: dict[Meaning, vs.VideoNode] = {}

    def choose(n: int, f: vs.VideoFrame) -> vs.VideoNode:
        try:
            meaning = read(f)
        except ClipError as error:
            raise vs_error(error) from None
        if meaning not in converted:
            node = convert(meaning)
            node.std.SetVideoCache(mode=0)  # no cache: each frame is requested only once
            converted[meaning] = node
        return converted[meaning]

    return template.std.FrameEval(choose, prop_src=clip, clip_src=clip)
