"""Restore the sample clip by the command line, and put one restored frame beside its source.

    python examples/demo.py [SOURCE] [FOLDER] [options of `vsrealbasicvsr restore`]

`make demo` runs it without arguments: examples/media/launch.mp4 into the folder demo.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import av
import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.video.pixels import rgb_from_frame
from vsrealbasicvsr.video.source import open_source

SAMPLE = Path(__file__).parent / "media" / "launch.mp4"


def main() -> None:
    parser = argparse.ArgumentParser(description="Restore a clip and show it beside its source.")
    parser.add_argument("source", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo"))
    arguments, options = parser.parse_known_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    restored = arguments.folder / f"{arguments.source.stem}-x4.mkv"
    beside = arguments.folder / "side-by-side.png"

    started = time.monotonic()
    program = Path(sys.executable).with_name("vsrealbasicvsr")
    done = subprocess.run(
        [program, "restore", arguments.source, restored, "--overwrite", *options], check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    seconds = time.monotonic() - started

    sources = pictures(arguments.source)
    number = 2 * len(sources) // 3  # in the sample: the second shot
    write_png(beside, side_by_side(sources[number], pictures(restored)[number]))
    print(f"restored {len(sources)} frames in {seconds:.0f} s: {restored}")
    print(f"frame {number}, enlarged (left) and restored (right): {beside}")


def pictures(path: Path) -> list[Tensor]:
    """All frames of a short video, (3, H, W), 0-1."""
    with open_source(path) as video:
        return [rgb_from_frame(frame.picture, video.info.colour) for frame in video]


def side_by_side(before: Tensor, after: Tensor) -> Tensor:
    """A part of the source, enlarged as a player would, beside the same part of the restored picture."""
    enlarged = F.interpolate(before[None], after.shape[-2:], mode="bicubic", align_corners=False)[0]
    height, width = after.shape[-2:]
    rows, columns = slice(height * 8 // 100, height * 88 // 100), slice(width * 34 // 100, width * 94 // 100)
    return torch.cat((enlarged[:, rows, columns], after[:, rows, columns]), dim=2).clamp(0, 1)


def write_png(path: Path, picture: Tensor) -> None:
    array = (255 * picture).round().byte().permute(1, 2, 0).contiguous().numpy()
    with av.open(path, "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", options={"pred": "mixed", "compression_level": "9"})
        stream.height, stream.width, stream.pix_fmt = *array.shape[:2], "rgb24"
        frame = av.VideoFrame.from_ndarray(array, format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode()])


if __name__ == "__main__":
    main()
