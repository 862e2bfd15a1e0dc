"""Font files, and films of text in the fonts held out for validation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.data.cache import PictureCache
from training.data.options import MotionOptions, TextOptions
from training.data.synthetic.backgrounds import Backgrounds
from training.data.synthetic.fonts import read_font
from training.data.synthetic.text import TextClip
from training.data.writing import write_whole
from training.recipes.default.archives import members
from training.recipes.default.clips import NEARLY_LOSSLESS, write_clip
from training.recipes.default.photographs import FRAMES, RATE, SIDE
from training.recipes.default.record import Taken
from training.recipes.default.sources import Fonts

_SEED = 6_200  # seed of the films, the same in every pack


def take_fonts(source: Fonts, archive: Path, target: Path) -> tuple[Taken, ...]:
    """Write an archive's fonts unchanged as `train/fonts/NAME`, and a film of text for each one held out.

    Args:
        source: the source of the fonts.
        archive: file of the archive.
        target: folder of the pack.

    Raises:
        TrainingError: the archive is damaged, or a file cannot be written.
        ClipError: a font is damaged.
    """
    return tuple(_taken(source, archive, target))


def _taken(source: Fonts, archive: Path, target: Path) -> Iterator[Taken]:
    for member, content in members(archive, source.members, source.archive.only):
        name = member.rpartition("/")[2].replace(" ", "-")
        if Path(name).stem in source.held_out:
            path = target / "validation" / f"text_{Path(name).stem}.mp4"
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / name
                file.write_bytes(content)
                write_clip(path, film(file), RATE, NEARLY_LOSSLESS)
            yield Taken("validation", path.relative_to(target).as_posix(), member, source.archive)
        else:
            path = target / "train" / "fonts" / name
            write_whole(path, content)
            yield Taken("train", path.relative_to(target).as_posix(), member, source.archive)


def film(path: Path) -> np.ndarray:
    """Return frames (T, H, W, 3) of text over a painted background, always the same for the same name."""
    backgrounds = Backgrounds((), 0.0, MotionOptions(), PictureCache(0))
    clip = TextClip(path.name, (read_font(path),), backgrounds, TextOptions())
    return clip.take(np.random.default_rng([_SEED, *path.name.encode()]), FRAMES, SIDE)
