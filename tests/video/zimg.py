"""The oracle of the colour and resampling tests: zimg, through VapourSynth's `resize`."""

from __future__ import annotations

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

MATRICES = {1: "709", 6: "170m", 9: "2020ncl"}
LOCATIONS = {1: "left", 2: "center", 3: "top_left"}
KERNELS = {
    "bilinear": ("Bilinear", {}),
    "bicubic": ("Bicubic", {"filter_param_a": 0.0, "filter_param_b": 0.5}),
    "lanczos": ("Lanczos", {"filter_param_a": 3.0}),
    "spline36": ("Spline36", {}),
}


def clip_of(planes: list[NDArray[np.generic]], form: vs.VideoFormat) -> vs.VideoNode:
    """A clip of one frame."""
    blank = vs.core.std.BlankClip(
        format=form.id, width=planes[0].shape[1], height=planes[0].shape[0], length=1, keep=True
    )

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        copy = f.copy()
        for k, plane in enumerate(planes):
            np.asarray(copy[k])[...] = plane
        return copy

    return vs.core.std.ModifyFrame(blank, blank, fill)


def planes_of(clip: vs.VideoNode) -> list[NDArray[np.generic]]:
    frame = clip.get_frame(0)
    return [np.asarray(frame[k]).copy() for k in range(frame.format.num_planes)]


def yuv_format(depth: int, subsampling: tuple[int, int]) -> vs.VideoFormat:
    """Of `depth` bits; (lines, columns) of luma per chroma sample."""
    down, across = (n.bit_length() - 1 for n in subsampling)
    return vs.core.query_video_format(vs.YUV, vs.INTEGER, depth, across, down)


def resize(image: NDArray[np.float32], size: tuple[int, int], kernel: str, **window: float) -> NDArray:
    """One float plane resized to (height, width); `window` holds zimg's src_top and its like."""
    name, parameters = KERNELS[kernel]
    clip = clip_of([image], vs.core.get_video_format(vs.GRAYS))
    return planes_of(getattr(vs.core.resize, name)(clip, size[1], size[0], **parameters, **window))[0]


def to_rgb(planes: list[NDArray], depth: int, subsampling: tuple[int, int], **colour: str) -> NDArray:
    """(3, H, W) unclamped RGB of code values; `colour` as zimg names it (matrix_in_s, range_in_s, ...)."""
    clip = clip_of(planes, yuv_format(depth, subsampling))
    rgb = vs.core.resize.Bicubic(clip, format=vs.RGBS, filter_param_a_uv=0.0, filter_param_b_uv=0.5, **colour)
    return np.stack(planes_of(rgb))


def to_yuv(rgb: NDArray, depth: int, subsampling: tuple[int, int], **colour: str) -> list[NDArray]:
    """Code values of RGB; `colour` as zimg names it (matrix_s, range_s, ...)."""
    clip = clip_of(list(rgb), vs.core.get_video_format(vs.RGBS))
    target = yuv_format(depth, subsampling).id
    parameters = {"filter_param_a_uv": 0.0, "filter_param_b_uv": 0.5}
    return planes_of(vs.core.resize.Bicubic(clip, format=target, **parameters, **colour))
