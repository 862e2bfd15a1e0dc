"""Colour tags of frames, and the usual assumptions for missing tags.

The numbers are those of H.273; FFmpeg uses the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import av

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.defaults import BT709, PRIMARIES_WITH_A_MATRIX, usual_matrix
from vsrealbasicvsr.video.colour.layout import Layout, pixel_layout, readable_format

_ABSENT = (2, 3)  # "unspecified" and "reserved"
_IDENTITY, _BT2020, _BT2020_CL = 0, 9, 10
_LEFT, _TOP_LEFT = 1, 3

_MATRIX_NAMES = {
    0: "identity",
    1: "BT.709",
    4: "FCC",
    5: "BT.601 (625 lines)",
    6: "BT.601 (525 lines)",
    7: "SMPTE 240M",
    8: "YCgCo",
    9: "BT.2020",
    10: "BT.2020 constant luminance",
    11: "SMPTE 2085",
    12: "primaries-derived",
    13: "primaries-derived constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
_LUMA = {
    0: (0.0, 0.0),
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}


@dataclass(frozen=True, slots=True)
class Colour:
    """The meaning of code values as colours; the numbers are H.273's, except the chroma location.

    Attributes:
        matrix: Matrix coefficients; 0 is RGB.
        full_range: True if black and white are the lowest and highest codes; False for 16 and 235 of 255.
        primaries: Colour primaries.
        transfer: Transfer characteristics.
        chroma_location: FFmpeg's number of the position of chroma samples: 1 left, 2 centre, 3 top left,
            4 top, 5 bottom left, 6 bottom; 0 if chroma is absent or not subsampled.
    """

    matrix: int
    full_range: bool
    primaries: int
    transfer: int
    chroma_location: int

    @property
    def luma_coefficients(self) -> tuple[float, float]:
        """The shares of red and blue in luma; both are 0 for RGB, where green is in the place of luma.

        Raises:
            VideoError: the matrix is not supported.
        """
        if self.matrix not in _LUMA:
            name = _MATRIX_NAMES.get(self.matrix, f"number {self.matrix}")
            raise VideoError(f"colour matrix {name} is not supported: convert the video to BT.709 first.")
        return _LUMA[self.matrix]


def describe_colour(frame: av.VideoFrame) -> tuple[Colour, tuple[str, ...]]:
    """Read the colour tags of a decoded frame, and assume usual values for missing tags.

    Returns:
        The colour, and a note on each assumption.

    Raises:
        VideoError: the pixel format or the matrix is not supported.
    """
    layout = pixel_layout(readable_format(frame.format.name))
    full_range, about_range = _range(frame, layout)
    matrix, about_matrix = _matrix(frame, layout)
    primaries, about_primaries = _primaries(frame, matrix)
    transfer, about_transfer = _transfer(frame)
    location, about_location = _location(frame, layout, matrix, primaries)
    colour = Colour(matrix, full_range, primaries, transfer, location)
    if layout.family == "yuv":
        _ = colour.luma_coefficients  # raises for a matrix that is not supported
    notes = (about_matrix, about_range, about_primaries, about_transfer, about_location)
    return colour, tuple(filter(None, notes))


def _range(frame: av.VideoFrame, layout: Layout) -> tuple[bool, str]:
    if layout.full_range:
        return True, ""
    if frame.color_range in (1, 2):
        return frame.color_range == 2, ""
    if layout.family == "rgb":
        return True, ""
    if layout.family == "gray":  # FFmpeg reads and writes untagged gray as full range
        return True, "range not tagged: full assumed for gray"
    return False, "range not tagged: limited assumed"


def _matrix(frame: av.VideoFrame, layout: Layout) -> tuple[int, str]:
    if layout.family == "rgb":
        return _IDENTITY, ""
    tagged = int(frame.colorspace)
    possible = tagged != _IDENTITY or (layout.family == "yuv" and not layout.is_subsampled)
    if tagged not in _ABSENT and possible:
        return tagged, ""
    reason = "not tagged" if possible else f"tagged identity, which {frame.format.name} cannot be"
    primaries = int(frame.color_primaries)
    matrix = usual_matrix(primaries, frame.width, frame.height)
    basis = "the primaries" if primaries in PRIMARIES_WITH_A_MATRIX else f"{frame.width}x{frame.height}"
    if layout.family == "gray":  # the matrix only matters if YUV is made from it
        return matrix, ""
    return matrix, f"matrix {reason}: {_MATRIX_NAMES[matrix]} assumed from {basis}"


def _primaries(frame: av.VideoFrame, matrix: int) -> tuple[int, str]:
    tagged = int(frame.color_primaries)
    if tagged not in (0, *_ABSENT):
        return tagged, ""
    if matrix == _BT2020_CL:
        matrix = _BT2020
    primaries = matrix if matrix in PRIMARIES_WITH_A_MATRIX else BT709
    basis = " from the matrix" if matrix == primaries else ""
    return primaries, f"primaries not tagged: {_MATRIX_NAMES[primaries]} assumed{basis}"


def _transfer(frame: av.VideoFrame) -> tuple[int, str]:
    tagged = int(frame.color_trc)
    if tagged not in (0, *_ABSENT):
        return tagged, ""
    return BT709, "transfer not tagged: BT.709 assumed"


def _location(frame: av.VideoFrame, layout: Layout, matrix: int, primaries: int) -> tuple[int, str]:
    """Return the chroma location and a note; left needs no note, because the codecs' standards define it."""
    if not layout.is_subsampled:
        return 0, ""
    if frame.chroma_location:
        return int(frame.chroma_location), ""
    if layout.subsampling == (2, 2) and _BT2020 in (matrix, primaries):
        return _TOP_LEFT, "chroma location not tagged: top left assumed from BT.2020"
    return _LEFT, ""
