"""`realbasicvsr`: the filter itself, for RGB float clips."""

from __future__ import annotations

from pathlib import Path

import vapoursynth as vs

from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.filter.arguments import Cuts, Device, read_arguments
from vsrealbasicvsr.filter.clips import rgb_clip
from vsrealbasicvsr.filter.errors import told
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

    Each frame is a function of its number, whatever the order of requests. Nothing is loaded before the
    first frame is asked for. Memory does not grow with the clip: `1 + prefetch` restored windows for each
    device and one in the making, a window being 192 bytes (RGBH: 96) times its frames times the source's
    pixels.

    Args:
        clip: RGBS or RGBH, of any constant size; samples outside 0-1 are cut off.
        device: where the network runs: "cpu", "cuda:0", an index, or several in a list or with commas, which
            take the windows in turn; None takes CUDA if there is any.
        model: weights: a name from `vsrealbasicvsr weights list`, or a file.
        window: frames computed together and kept; 1 to 10000.
        margin: frames of context computed on either side of a window; 0 to 1000.
        refine: clean a frame again while a pass changes it by at least this much; mean absolute residue,
            0 to 255; 255 cleans once. None takes the weights' number, 5 where they do not say.
        max_passes: cleaning passes at most; 0 leaves frames uncleaned; 0 to 100. None takes the weights'
            number, 3 where they do not say.
        strength: share of the learned detail over plain bilinear enlargement; 0 to 1.
        precision: arithmetic of the network: "fp32", "fp16", "bf16"; "auto" follows the clip: RGBH is fp16 on
            a GPU, all else fp32.
        memory: device memory to keep to: a share of what is free, as "60%", or an amount, as "6GB"; "auto"
            takes 90% of a GPU's, and on the CPU what it takes; with window=0 a shot's frames come on top.
        acceleration: how the network's parts are run: "auto" was fastest on a CPU; "graphs", "fused",
            "compile" and "tensorrt" are not measured on a GPU yet; "off" runs the plain modules.
        cuts: scene cuts, which nothing is carried across: "props" reads `_SceneChangePrev` and
            `_SceneChangeNext`; "detect" finds them as `vsrealbasicvsr restore` does; a list of the frame
            numbers that start a shot, or a text file of them; None for none.
        prefetch: windows made ahead for each device while a clip is read in sequence, 0 to 16; one more than
            that stay in memory, which a script needs that reads the clip at several places at once.

    Returns:
        The clip's format, frame rate, length and frame properties, with `RealBasicVSRPasses` (cleaning
        passes) and `RealBasicVSRResidue` (mean absolute residue of the last, 0-255) added.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." for a clip or a value that is refused.
    """
    try:
        checked = rgb_clip(clip)
        arguments = read_arguments(
            device=device, model=model, half=checked.format.bits_per_sample == 16, cuts=cuts,
            prefetch=prefetch, window=window, margin=margin, refine=refine, max_passes=max_passes,
            strength=strength, precision=precision, memory=memory, acceleration=acceleration,
        )  # fmt: skip
    except RestorationError as error:
        raise told(error) from None
    if arguments.cuts == "detect":
        checked = with_found_cuts(checked, window + 2 * margin)
    return restored_clip(checked, arguments)
