"""Checks of the input clip; the errors say how to convert a clip that is refused."""

from __future__ import annotations

from contextlib import suppress

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.video.colour.defaults import usual_matrix

_NAMES = {
    1: "709", 4: "fcc", 5: "470bg", 6: "170m", 7: "240m", 8: "ycgco", 9: "2020ncl", 10: "2020cl",
    12: "chromancl", 13: "chromacl", 14: "ictcp",
}  # fmt: skip
"""VapourSynth's names of matrices, by their numbers."""
_MAX_FRAMES = 2_000_000_000
"""VapourSynth counts frames up to 2147483647; the frames that are repeated beyond a clip's end count, too."""
_MAX_SIDE = 1_000_000
"""Pixels across or down. The result has four times as many, and VapourSynth cuts a number off at 2147483647
without an error."""


def constant_clip(clip: object) -> vs.VideoNode:
    """Check the clip and return it; a clip whose frames lie on the GPU is downloaded.

    Raises:
        ClipError: the value is not a video clip, its format or size varies, it is too large or too long, or
            VapourSynth cannot convert its samples.
    """
    if not isinstance(clip, vs.VideoNode):
        raise ClipError(f"clip must be a video clip, not {type(clip).__name__}.")
    if clip.format is None or clip.format.color_family == vs.UNDEFINED:
        raise ClipError(
            "the clip's format varies; give it one, e.g. clip = clip.resize.Bicubic(format=vs.YUV420P8)."
        )
    if not clip.width or not clip.height:
        raise ClipError(
            "the clip's size varies; give it one, e.g. clip = clip.resize.Bicubic(width=640, height=360)."
        )
    if clip.format.sample_type == vs.INTEGER and clip.format.bits_per_sample > 16:
        raise ClipError(f"the clip is {clip.format.name}; integer samples may have 16 bits at most.")
    if max(clip.format.subsampling_w, clip.format.subsampling_h) > 2:
        raise ClipError(
            f"the clip is {clip.format.name}; a chroma sample may stand for 4 pixels a side at most."
        )
    if max(clip.width, clip.height) > _MAX_SIDE:
        raise ClipError(f"the clip is {clip.width}x{clip.height}; {_MAX_SIDE} pixels a side is the most.")
    if clip.num_frames > _MAX_FRAMES:
        raise ClipError(
            f"the clip has {clip.num_frames} frames, {_MAX_FRAMES} is the most: clip = clip[:{_MAX_FRAMES}]."
        )
    if getattr(clip, "gpu_resident", False):  # exists since VapourSynth R80
        return clip.std.GPUDownload()
    return clip


def rgb_clip(clip: object) -> vs.VideoNode:
    """Check that the clip is RGBS or RGBH, and return it.

    Raises:
        ClipError: the clip has another format, and the message says how to convert it; or `constant_clip`
            refuses it.
    """
    checked = constant_clip(clip)
    if checked.format.id in (vs.RGBS, vs.RGBH):
        return checked
    matrix = f', matrix_in_s="{_matrix(checked)}"' if checked.format.color_family == vs.YUV else ""
    raise ClipError(
        f"the clip is {checked.format.name}, RGBS or RGBH is needed: "
        f"clip = clip.resize.Bicubic(format=vs.RGBS{matrix}), or use vsrealbasicvsr.restore(clip)."
    )


def _matrix(clip: vs.VideoNode) -> str:
    """Return the matrix that the first frame's properties name, or the usual one for the frame size."""
    tagged, primaries = 2, 2  # unspecified
    with suppress(vs.Error), clip.get_frame(0) as frame:
        tagged, primaries = frame.props.get("_Matrix", 2), frame.props.get("_Primaries", 2)
    usual = usual_matrix(primaries, clip.width, clip.height)
    return _NAMES.get(tagged, _NAMES[usual])
