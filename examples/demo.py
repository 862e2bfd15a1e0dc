"""Restore the sample clip by the command line, and put one restored frame beside its source.

    python examples/demo.py [SOURCE] [FOLDER] [options of `vsrealbasicvsr restore`]

`make demo` runs it without arguments: examples/media/launch.mp4 into the folder demo.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import av
import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import open_source

SAMPLE = Path(__file__).parent / "media" / "launch.mp4"
FRAME = 24  # the one to be shown: in the second shot of the sample


class Piece(NamedTuple):
    """A part of a picture, in shares of its height and width."""

    top: float
    bottom: float
    left: float
    right: float


SHOWN = Piece(0.20, 0.88, 0.36, 0.84)


def main() -> None:
    parser = argparse.ArgumentParser(description="Restore a clip and show it beside its source.")
    parser.add_argument("source", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo"))
    arguments, options = parser.parse_known_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    restored = arguments.folder / f"{arguments.source.stem}-x4.mkv"
    beside = arguments.folder / "side-by-side.png"

    started = time.monotonic()
    restore(arguments.source, restored, "--overwrite", *options)
    seconds = time.monotonic() - started

    write_png(beside, side_by_side(picture(arguments.source, FRAME), picture(restored, FRAME), SHOWN))
    print(f"restored in {seconds:.0f} s: {restored}")
    print(f"frame {FRAME}, enlarged (left) and restored (right): {beside}")


def restore(source: Path, restored: Path, *options: str) -> None:
    """By the command line, which has said why where it ends with an error."""
    command = [sys.executable, "-m", "vsrealbasicvsr.cli", "restore", source, restored, *options]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def picture(path: Path, number: int) -> Tensor:
    """One frame of a short video, (3, H, W), 0-1; the last where there are fewer."""
    with open_source(path) as video:
        *_, frame = itertools.islice(video, number + 1)
        return rgb_from_frame(frame.picture, video.info.colour)


def side_by_side(before: Tensor, after: Tensor, piece: Piece) -> Tensor:
    """A piece of the source, enlarged as a player would, beside the same piece of the restored picture."""
    enlarged = F.interpolate(before[None], after.shape[-2:], mode="bicubic", align_corners=False)[0]
    height, width = after.shape[-2:]
    rows = slice(int(height * piece.top), int(height * piece.bottom))
    columns = slice(int(width * piece.left), int(width * piece.right))
    return torch.cat((enlarged[:, rows, columns], after[:, rows, columns]), dim=2).clamp(0, 1)


def write_png(path: Path, pixels: Tensor) -> None:
    array = (255 * pixels).round().byte().permute(1, 2, 0).contiguous().numpy()
    with av.open(path, "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", options={"pred": "mixed", "compression_level": "9"})
        stream.height, stream.width, stream.pix_fmt = *array.shape[:2], "rgb24"
        frame = av.VideoFrame.from_ndarray(array, format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode()])


if __name__ == "__main__":
    main()
