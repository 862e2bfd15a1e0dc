"""Scene cuts from the frame properties of a clip, or detected by a node in front of the filter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import vapoursynth as vs

from vsrealbasicvsr.cuts import AFTER, BEFORE, in_percent, small_size, starts_shot

FOUND = "_RealBasicVSRCut"
"""Private property that `with_found_cuts` sets and `cuts_among` reads; it does not leave the filter."""


def cuts_among(frames: Mapping[int, vs.VideoFrame]) -> set[int]:
    """Return the numbers of the frames that start a shot.

    The property of `with_found_cuts` decides if it is set. Otherwise `_SceneChangePrev` of the frame and
    `_SceneChangeNext` of the frame before it decide.
    """
    return {n for n, frame in frames.items() if _starts_shot(frame, frames.get(n - 1))}


def _starts_shot(frame: vs.VideoFrame, before: vs.VideoFrame | None) -> bool:
    if FOUND in frame.props:
        return bool(frame.props[FOUND])
    return bool(
        frame.props.get("_SceneChangePrev") or (before is not None and before.props.get("_SceneChangeNext"))
    )


def with_found_cuts(clip: vs.VideoNode, reach: int) -> vs.VideoNode:
    """Return the clip with detected cuts in a private property, for `cuts_among`.

    The property of a frame depends only on the frame and its neighbours.

    Args:
        clip: a clip of any constant format; cuts are detected in its luma.
        reach: number of frames that may be requested at once; small copies of all of them are cached.
    """
    small = _small_luma(clip)
    padded = vs.core.std.Splice([small.std.Trim(length=1).std.Loop(BEFORE), small])
    padded.std.SetVideoCache(mode=1, fixedsize=1, maxsize=reach + BEFORE + AFTER)
    # Beyond the end of a clip VapourSynth repeats its last frame.
    neighbours = [padded[min(first, padded.num_frames - 1) :] for first in range(BEFORE + AFTER + 1)]
    length = clip.num_frames

    def tag(n: int, f: list[vs.VideoFrame]) -> vs.VideoFrame:
        numbers = range(n - BEFORE, n + AFTER + 1)
        lumas = {
            number: in_percent(np.asarray(luma[0]))
            for number, luma in zip(numbers, f[1:], strict=True)
            if 0 <= number < length
        }
        tagged = f[0].copy()
        tagged.props[FOUND] = int(starts_shot(lumas, n))
        return tagged

    return clip.std.ModifyFrame([clip, *neighbours], tag)


def _small_luma(clip: vs.VideoNode) -> vs.VideoNode:
    width, height = small_size(clip.width, clip.height)
    # The resizer refuses some clips for these properties, such as gray with the RGB matrix,
    # or fields in a clip of odd height.
    plain = clip.std.RemoveFrameProps(["_Matrix", "_FieldBased"])
    if clip.format.color_family == vs.RGB:
        return plain.resize.Bilinear(width, height, format=vs.GRAY8, matrix_s="709", range_s="limited")
    luma = plain.std.ShufflePlanes(0, vs.GRAY) if clip.format.num_planes > 1 else plain
    return luma.resize.Bilinear(width, height, format=vs.GRAY8)
