"""Make the pictures of "Choosing settings": one piece of the sample clip, restored with one setting changed.

    python docs/make_pictures.py [--only NAME] [--source CLIP] [FOLDER] [options of `vsrealbasicvsr restore`]

The default folder is docs/pictures. Each panel is a run of `vsrealbasicvsr restore` over the whole sample
clip, stored without loss. It takes about ten minutes on two CPU cores. The page names the command and the
frame of each panel.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from demo import FRAME, SAMPLE, Piece, picture, restore

CUT = 13  # the first frame of the sample's second shot
QUALITY = 88
GAP = 8  # white columns between two panels


class Sheet(NamedTuple):
    """Panels side by side: the same frame and piece, restored with several options.

    difference: if not 0, a last panel shows the difference of the first two, amplified this many times.
    """

    frame: int
    piece: Piece
    panels: tuple[tuple[str, ...], ...]
    difference: int = 0


TOWER = Piece(0.18, 0.80, 0.34, 0.62)
SHEETS = {
    "passes": Sheet(
        FRAME, TOWER, (("--max-passes", "0"), (), ("--refine", "0", "--max-passes", "5")),
    ),
    "strength": Sheet(FRAME, TOWER, (("--strength", "0"), ("--strength", "0.5"), ())),
    "window": Sheet(FRAME, TOWER, (("--window", "1", "--margin", "0"), ())),
    "cuts": Sheet(CUT, TOWER, (("--cuts", "none"), ()), difference=8),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).with_name("pictures"))
    parser.add_argument("--only", choices=SHEETS, help="make this one")
    parser.add_argument("--source", type=Path, default=SAMPLE, help="of this clip, instead of the sample")
    arguments, more_options = parser.parse_known_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:

        @cache
        def restored(options: tuple[str, ...]) -> Path:
            target = Path(temporary, f"{'_'.join(options) or 'defaults'}.mkv")
            restore(arguments.source, target, "--encoder", "ffv1", "--quiet", *more_options, *options)
            return target

        for name in [arguments.only] if arguments.only else SHEETS:
            sheet = SHEETS[name]
            panels = [cut_out(restored(options), sheet) for options in sheet.panels]
            if sheet.difference:
                panels.append(sheet.difference * (panels[0] - panels[1]).abs())
            save(folder / f"{name}.webp", panels)
            print(folder / f"{name}.webp")


def cut_out(path: Path, sheet: Sheet) -> Tensor:
    """Return the sheet's piece of its frame, (3, h, w)."""
    pixels = picture(path, sheet.frame)
    height, width = pixels.shape[-2:]
    rows = slice(int(height * sheet.piece.top), int(height * sheet.piece.bottom))
    return pixels[:, rows, int(width * sheet.piece.left) : int(width * sheet.piece.right)]


def save(path: Path, panels: list[Tensor]) -> None:
    """Write the panels side by side as WebP."""
    gap = torch.ones(3, panels[0].shape[1], GAP)
    row = [part for panel in panels for part in (gap, panel)][1:]
    array = (255 * torch.cat(row, dim=2).clamp(0, 1)).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(array).save(path, quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
