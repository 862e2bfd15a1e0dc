"""Make the pictures of README.md and of the model card: pieces of the sample clip, enlarged and restored.

    python examples/pictures.py [SOURCE] [FOLDER] [options of `vsrealbasicvsr restore`]

Of the sample clip and into examples/media by default. The frames in between are kept without loss, so that
the same weights on the same machine give the same files.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from demo import FRAME, SAMPLE, SHOWN, Piece, picture, restore, side_by_side, write_png

PICTURES: dict[str, tuple[int, Piece]] = {  # of which frame, and which part of it
    "before-after": (FRAME, SHOWN),
    "failure-lattice": (FRAME, Piece(0.18, 0.66, 0.34, 0.52)),
    "failure-smooth": (FRAME, Piece(0.72, 1.0, 0.0, 0.5)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the README and of the model card.")
    parser.add_argument("source", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLE.parent)
    arguments, options = parser.parse_known_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        restored = Path(temporary) / "restored.mkv"
        restore(arguments.source, restored, "--encoder", "ffv1", *options)
        for name, (number, piece) in PICTURES.items():
            pixels = side_by_side(picture(arguments.source, number), picture(restored, number), piece)
            write_png(arguments.folder / f"{name}.png", pixels)
            print(arguments.folder / f"{name}.png")


if __name__ == "__main__":
    main()
