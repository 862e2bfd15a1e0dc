"""`restore`: the filter for clips of any format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError, RestorationError, SettingsError
from vsrealbasicvsr.filter.arguments import Cuts, Device, read_arguments
from vsrealbasicvsr.filter.clips import constant_clip
from vsrealbasicvsr.filter.colours import like, rgb_of
from vsrealbasicvsr.filter.errors import told
from vsrealbasicvsr.filter.graph import SCALE, restored_clip
from vsrealbasicvsr.filter.shot_props import with_found_cuts
from vsrealbasicvsr.settings import Acceleration, Precision

type Kernel = Literal["bilinear", "bicubic", "lanczos", "spline16", "spline36", "spline64"]
_KERNELS = ("bilinear", "bicubic", "lanczos", "spline16", "spline36", "spline64")
_WIDEST = 65_536


def restore(
    clip: vs.VideoNode,
    device: Device = None,
    model: str | Path = "bundled",
    *,
    width: int | None = None,
    height: int | None = None,
    kernel: Kernel = "spline36",
    window: int = 24,
    margin: int = 8,
    refine: float | None = None,
    max_passes: int | None = None,
    strength: float = 1.0,
    precision: Precision = "auto",
    memory: str = "auto",
    acceleration: Acceleration = "auto",
    cuts: Cuts = "props",
    prefetch: int = 1,
) -> vs.VideoNode:
    """Restore a clip of any YUV, RGB or gray format, and give it back in that format.

    Colours are converted by the properties of each frame. What a frame does not say is assumed: the matrix of
    its primaries, else by size (more than 576 lines or 1024 columns BT.709; up to 486 lines BT.601 of 525
    lines; else of 625), limited range for YUV and gray, full for RGB, chroma at the left (BT.2020: top left).
    An assumed matrix is written into the result, for other programs would guess another from the larger size.

    Args:
        clip: of any constant format and size.
        device: see `realbasicvsr`.
        model: see `realbasicvsr`.
        width: pixels to resize the restored frames to; four times the clip's without it, or in proportion to
            `height`.
        height: the same for the lines.
        kernel: of that resizing: "bilinear", "bicubic", "lanczos", "spline16", "spline36" or "spline64".
        window: see `realbasicvsr`.
        margin: see `realbasicvsr`.
        refine: see `realbasicvsr`.
        max_passes: see `realbasicvsr`.
        strength: see `realbasicvsr`.
        precision: arithmetic of the network: "fp32", "fp16", "bf16"; "auto" is fp16 on a GPU and fp32 on the
            CPU.
        memory: see `realbasicvsr`.
        acceleration: see `realbasicvsr`.
        cuts: see `realbasicvsr`.
        prefetch: see `realbasicvsr`.

    Returns:
        The clip's format, frame rate, length and frame properties, as `realbasicvsr` returns them. The sample
        aspect ratio stays, unless both `width` and `height` change the shape: then it keeps the display's.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." for a clip or a value that is refused.
    """
    try:
        checked = constant_clip(clip)
        size = _size(checked, width, height)
        if kernel not in _KERNELS:
            raise SettingsError(f"kernel must be one of {', '.join(_KERNELS)}, not {kernel!r}.")
        arguments = read_arguments(
            device=device, model=model, half=True, cuts=cuts, prefetch=prefetch, window=window, margin=margin,
            refine=refine, max_passes=max_passes, strength=strength, precision=precision, memory=memory,
            acceleration=acceleration,
        )  # fmt: skip
    except RestorationError as error:
        raise told(error) from None
    source = with_found_cuts(checked, window + 2 * margin) if arguments.cuts == "detect" else checked
    restored = restored_clip(rgb_of(source), arguments)
    return like(restored, checked, size, kernel)


def _size(clip: vs.VideoNode, width: int | None, height: int | None) -> tuple[int, int] | None:
    """Width and height of the result; None where it is not resized."""
    if width is None and height is None:
        return None
    for name, length in (("width", width), ("height", height)):
        whole = isinstance(length, int) and not isinstance(length, bool)
        if length is not None and not (whole and 1 <= length <= _WIDEST):
            raise SettingsError(f"{name} must be a whole number from 1 to {_WIDEST}, not {length!r}.")
    across, down = 1 << clip.format.subsampling_w, 1 << clip.format.subsampling_h
    width = width or max(across, round(clip.width * (height or 0) / clip.height / across) * across)
    height = height or max(down, round(clip.height * width / clip.width / down) * down)
    for name, length in (("width", width), ("height", height)):
        if length > _WIDEST:
            raise SettingsError(f"the {name} would be {length}, more than {_WIDEST}.")
    if width % across or height % down:
        raise ClipError(
            f"{width}x{height} does not fit {clip.format.name}, whose chroma needs a width that is a "
            f"multiple of {across} and a height that is a multiple of {down}."
        )
    return None if (width, height) == (SCALE * clip.width, SCALE * clip.height) else (width, height)
