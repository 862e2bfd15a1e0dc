"""Scene cuts as the frames of a clip tell them, or as a node of ours found them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import vapoursynth as vs

from vsrealbasicvsr.cuts import AFTER, BEFORE, in_percent, small_size, starts_shot

FOUND = "_RealBasicVSRCut"
"""The property by which `with_found_cuts` tells `cuts_among`; it does not leave the filter."""


def cuts_among(frames: Mapping[int, vs.VideoFrame]) -> set[int]:
    """Numbers of the frames that start a shot.

    What `with_found_cuts` found counts where it looked, else `_SceneChangePrev` of the frame and
    `_SceneChangeNext` of the one before it.
    """
    return {n for n, frame in frames.items() if _starts_shot(frame, frames.get(n - 1))}


def _starts_shot(frame: vs.VideoFrame, before: vs.VideoFrame | None) -> bool:
    if FOUND in frame.props:
        return bool(frame.props[FOUND])
    return bool(
        frame.props.get("_SceneChangePrev") or (before is not None and before.props.get("_SceneChangeNext"))
    )


def with_found_cuts(clip: vs.VideoNode, reach: int) -> vs.VideoNode:
    """The clip with a private property for `cuts_among`; each frame's depends on its neighbours alone.

    Args:
        clip: of any constant format; its luma is looked at.
        reach: frames that may be asked for at once, all of whose small copies are kept.
    """
    small = _small_luma(clip)
    head = vs.core.std.Splice([small.std.Trim(length=1).std.Loop(BEFORE), small])
    head.std.SetVideoCache(mode=1, fixedsize=1, maxsize=reach + BEFORE + AFTER)
    # The last frame of each is repeated beyond its end.
    near = [head[min(first, head.num_frames - 1) :] for first in range(BEFORE + AFTER + 1)]
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

    return clip.std.ModifyFrame([clip, *near], tag)


def _small_luma(clip: vs.VideoNode) -> vs.VideoNode:
    width, height = small_size(clip.width, clip.height)
    # Some clips bear properties that the resizer refuses, as a matrix of RGB on gray or fields of odd height.
    plain = clip.std.RemoveFrameProps(["_Matrix", "_FieldBased"])
    if clip.format.color_family == vs.RGB:
        return plain.resize.Bilinear(width, height, format=vs.GRAY8, matrix_s="709", range_s="limited")
    luma = plain.std.ShufflePlanes(0, vs.GRAY) if clip.format.num_planes > 1 else plain
    return luma.resize.Bilinear(width, height, format=vs.GRAY8)
