"""Which clips the filter takes, and the line that fixes the others."""

from __future__ import annotations

from contextlib import suppress

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.video.colour.defaults import usual_matrix

_NAMES = {
    1: "709", 4: "fcc", 5: "470bg", 6: "170m", 7: "240m", 8: "ycgco", 9: "2020ncl", 10: "2020cl",
    12: "chromancl", 13: "chromacl", 14: "ictcp",
}  # fmt: skip
"""VapourSynth's names of matrices."""
_LONGEST = 2_000_000_000
"""Frames. VapourSynth counts to 2147483647, which the repeated frames beyond a clip's end must not pass."""
_LARGEST = 1_000_000
"""Pixels across or down; VapourSynth cuts four times as many off at 2147483647 without a word."""


def constant_clip(clip: object) -> vs.VideoNode:
    """The clip itself, downloaded if its frames lie on the GPU.

    Raises:
        ClipError: it is no video clip, its format or size varies, or it is too large or too long, or
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
    if max(clip.width, clip.height) > _LARGEST:
        raise ClipError(f"the clip is {clip.width}x{clip.height}; {_LARGEST} pixels a side is the most.")
    if clip.num_frames > _LONGEST:
        raise ClipError(
            f"the clip has {clip.num_frames} frames, {_LONGEST} is the most: clip = clip[:{_LONGEST}]."
        )
    if getattr(clip, "gpu_resident", False):  # VapourSynth R80 has such clips
        return clip.std.GPUDownload()
    return clip


def rgb_clip(clip: object) -> vs.VideoNode:
    """A clip that is RGBS or RGBH.

    Raises:
        ClipError: it is not; the sentence ends with the line that makes it so.
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
    """The matrix that the first frame's properties mean, else the usual one of the size."""
    tagged, primaries = 2, 2  # unspecified
    with suppress(vs.Error), clip.get_frame(0) as frame:
        tagged, primaries = frame.props.get("_Matrix", 2), frame.props.get("_Primaries", 2)
    usual = usual_matrix(primaries, clip.width, clip.height)
    return _NAMES.get(tagged, _NAMES[usual])
