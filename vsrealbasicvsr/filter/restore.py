"""The filter `restore` for clips of any format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import vapoursynth as vs

from vsrealbasicvsr.errors import ClipError, RestorationError, SettingsError
from vsrealbasicvsr.filter.arguments import Cuts, Device, read_arguments
from vsrealbasicvsr.filter.clips import constant_clip
from vsrealbasicvsr.filter.colours import like, rgb_of
from vsrealbasicvsr.filter.errors import vs_error
from vsrealbasicvsr.filter.graph import SCALE, restored_clip
from vsrealbasicvsr.filter.shot_props import with_found_cuts
from vsrealbasicvsr.settings import Acceleration, Precision

type Kernel = Literal["bilinear", "bicubic", "lanczos", "spline16", "spline36", "spline64"]
_KERNELS = ("bilinear", "bicubic", "lanczos", "spline16", "spline36", "spline64")
_MAX_SIDE = 65_536


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
    """Restore a clip of any YUV, RGB or gray format, and return it in that format.

    Colours are converted by the properties of each frame. Missing properties are assumed. The matrix follows
    the primaries. Without primaries it follows the size: BT.709 for more than 576 lines or 1024 columns,
    BT.601 for 525 lines up to 486 lines, and BT.601 for 625 lines otherwise. The range is limited for YUV and
    gray, and full for RGB. Chroma lies at the left (BT.2020: top left). An assumed matrix is written into the
    result, because other programs would guess a different one from the larger size.

    Args:
        clip: a clip of any constant format and size.
        device: see `realbasicvsr`.
        model: see `realbasicvsr`.
        width: width of the result in pixels; None takes it in proportion to `height`; if both are None,
            it is four times the width of the clip.
        height: height of the result in lines; None likewise.
        kernel: kernel of the resizing: "bilinear", "bicubic", "lanczos", "spline16", "spline36" or
            "spline64".
        window: see `realbasicvsr`.
        margin: see `realbasicvsr`.
        refine: see `realbasicvsr`.
        max_passes: see `realbasicvsr`.
        strength: see `realbasicvsr`.
        precision: arithmetic of the network: "fp32", "fp16" or "bf16"; "auto" is fp16 on a GPU and fp32 on
            the CPU.
        memory: see `realbasicvsr`.
        acceleration: see `realbasicvsr`.
        cuts: see `realbasicvsr`.
        prefetch: see `realbasicvsr`.

    Returns:
        A clip with the format, frame rate, length and frame properties of `clip`, and the properties that
        `realbasicvsr` adds. The sample aspect ratio stays. If `width` and `height` together change the shape,
        it changes so that the display keeps its shape.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." if the clip or a value is refused.
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
        raise vs_error(error) from None
    source = with_found_cuts(checked, window + 2 * margin) if arguments.cuts == "detect" else checked
    restored = restored_clip(rgb_of(source), arguments)
    return like(restored, checked, size, kernel)


def _size(clip: vs.VideoNode, width: int | None, height: int | None) -> tuple[int, int] | None:
    """Return width and height of the result, or None if it is not resized."""
    if width is None and height is None:
        return None
    for name, length in (("width", width), ("height", height)):
        whole = isinstance(length, int) and not isinstance(length, bool)
        if length is not None and not (whole and 1 <= length <= _MAX_SIDE):
            raise SettingsError(f"{name} must be a whole number from 1 to {_MAX_SIDE}, not {length!r}.")
    across, down = 1 << clip.format.subsampling_w, 1 << clip.format.subsampling_h
    width = width or max(across, round(clip.width * (height or 0) / clip.height / across) * across)
    height = height or max(down, round(clip.height * width / clip.width / down) * down)
    for name, length in (("width", width), ("height", height)):
        if length > _MAX_SIDE:
            raise SettingsError(f"the {name} would be {length}, more than {_MAX_SIDE}.")
    if width % across or height % down:
        raise ClipError(
            f"{width}x{height} does not fit {clip.format.name}, whose chroma needs a width that is a "
            f"multiple of {across} and a height that is a multiple of {down}."
        )
    return None if (width, height) == (SCALE * clip.width, SCALE * clip.height) else (width, height)
