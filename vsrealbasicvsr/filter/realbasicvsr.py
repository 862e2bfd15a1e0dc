"""The filter `realbasicvsr` for RGB float clips."""

from __future__ import annotations

from pathlib import Path

import vapoursynth as vs

from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.filter.arguments import Cuts, Device, read_arguments
from vsrealbasicvsr.filter.clips import rgb_clip
from vsrealbasicvsr.filter.errors import vs_error
from vsrealbasicvsr.filter.graph import restored_clip
from vsrealbasicvsr.filter.shot_props import with_found_cuts
from vsrealbasicvsr.settings import Acceleration, Precision


def realbasicvsr(
    clip: vs.VideoNode,
    device: Device = None,
    model: str | Path = "bundled",
    *,
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
    """Restore a clip to four times its width and height.

    The result for a frame depends only on its number, not on the order of requests. Nothing is loaded before
    the first frame is requested. Memory does not grow with the length of the clip. Each device holds
    `1 + prefetch` restored windows and one that is being restored. A window takes 192 bytes (RGBH: 96) times
    its frames times the source's pixels.

    Args:
        clip: RGBS or RGBH, of any constant size; samples outside 0-1 are clipped.
        device: where the network runs: "cpu", "cuda:0", an index, or several in a list or separated by
            commas, which take the windows in turn; None takes CUDA if there is a GPU.
        model: weights: a name from `vsrealbasicvsr weights list`, or a file.
        window: frames computed together and kept; 1 to 10000.
        margin: frames of context computed on either side of a window; 0 to 1000.
        refine: clean a frame again while a pass changes it by at least this much; mean absolute residue,
            0 to 255; 255 cleans once. None takes the number in the weights file, or 5 if it has none.
        max_passes: cleaning passes at most; 0 leaves frames uncleaned; 0 to 100. None takes the number in
            the weights file, or 3 if it has none.
        strength: share of the learned detail over plain bilinear enlargement; 0 to 1.
        precision: arithmetic of the network: "fp32", "fp16" or "bf16"; "auto" is fp16 for RGBH on a GPU, and
            fp32 otherwise.
        memory: limit of device memory: a share of the free memory, such as "60%", or an amount, such as
            "6GB"; "auto" takes 90% of the free memory of a GPU, and sets no limit on the CPU.
        acceleration: how the network's parts are run: "auto" was the fastest on a CPU; "graphs", "fused",
            "compile" and "tensorrt" are not measured on a GPU yet; "off" runs the plain modules.
        cuts: scene cuts; nothing is carried across them. "props" reads `_SceneChangePrev` and
            `_SceneChangeNext`; "detect" finds cuts as `vsrealbasicvsr restore` does; a list, or a text file,
            holds the numbers of the frames that start a shot; None means no cuts.
        prefetch: windows restored ahead on each device while the clip is read in sequence; 0 to 16. Each
            device keeps `1 + prefetch` windows; a script that reads the clip at several places at once needs
            a higher value.

    Returns:
        A clip with the frame rate, length, format and frame properties of `clip`. Two properties are added:
        `RealBasicVSRPasses` (number of cleaning passes) and `RealBasicVSRResidue` (mean absolute residue of
        the last pass, 0-255).

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." if the clip or a value is refused.
    """
    try:
        checked = rgb_clip(clip)
        arguments = read_arguments(
            device=device, model=model, half=checked.format.bits_per_sample == 16, cuts=cuts,
            prefetch=prefetch, window=window, margin=margin, refine=refine, max_passes=max_passes,
            strength=strength, precision=precision, memory=memory, acceleration=acceleration,
        )  # fmt: skip
    except RestorationError as error:
        raise vs_error(error) from None
    if arguments.cuts == "detect":
        checked = with_found_cuts(checked, window + 2 * margin)
    return restored_clip(checked, arguments)
