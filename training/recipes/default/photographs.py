"""Photographs, reduced in size so that they are clean, and films of some of them for validation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from training.data.options import MotionOptions
from training.data.synthetic.motion import draw_path
from training.data.synthetic.photos import filmed
from training.data.writing import write_whole
from training.recipes.default.archives import members
from training.recipes.default.clips import NEARLY_LOSSLESS, write_clip
from training.recipes.default.record import Taken
from training.recipes.default.sources import Photographs

REDUCTION = 4 / 3
"""Smallest factor of reduction, so that JPEG blocks and sensor noise vanish."""
SHORT_SIDE = (400, 832)
"""In pixels: a photograph below the first is omitted; above the second it is reduced further."""
LONG_SIDE = 1400
"""In pixels: of a longer photograph, such as a panorama, only the middle is used."""
QUALITY = 90

FRAMES, SIDE, RATE = 32, 320, 24
"""Number of frames, side and frame rate of the films made from photographs for validation."""
_SEED = 6_000  # seed of their camera paths, the same in every pack


def take_photographs(source: Photographs, archive: Path, target: Path) -> tuple[Taken, ...]:
    """Write an archive's photographs as `train/photos/GROUP/NAME.webp`, and films of those held out.

    Args:
        source: the source of the photographs.
        archive: file of the archive.
        target: folder of the pack.

    Raises:
        TrainingError: the archive is damaged, or a file cannot be written.
    """
    return tuple(_taken(source, archive, target))


def _taken(source: Photographs, archive: Path, target: Path) -> Iterator[Taken]:
    for member, content in members(archive, source.members, source.archive.only):
        name = source.name_of(member)
        picture = reduced(content) if name else None
        if name is None or picture is None:
            continue
        part = source.part(name)
        if part == "train":
            path = target / part / "photos" / source.group / f"{name}.webp"
            packed = io.BytesIO()
            picture.save(packed, "WEBP", quality=QUALITY, method=6)
            write_whole(path, packed.getvalue())
        else:
            path = target / part / f"photo_{source.group}_{name}.mp4"
            write_clip(path, film(np.asarray(picture), name), RATE, NEARLY_LOSSLESS)
        yield Taken(part, path.relative_to(target).as_posix(), member, source.archive)


def reduced(content: bytes) -> Image.Image | None:
    """Return a photograph upright, in RGB and reduced; None if it is then too small."""
    with Image.open(io.BytesIO(content)) as stored:
        picture = ImageOps.exif_transpose(stored).convert("RGB")
    short = min(picture.size)
    goal = min(SHORT_SIDE[1], int(short / REDUCTION))
    if goal < SHORT_SIDE[0]:
        return None
    width, height = (round(side * goal / short / 4) * 4 for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    left, top = max(0, (width - LONG_SIDE) // 2), max(0, (height - LONG_SIDE) // 2)
    return picture.crop((left, top, min(width, left + LONG_SIDE), min(height, top + LONG_SIDE)))


def film(photograph: NDArray[np.uint8], name: str) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of a camera that moves over a photograph, always the same for the same name."""
    rng = np.random.default_rng([_SEED, *name.encode()])
    height, width = photograph.shape[:2]
    path = draw_path(rng, MotionOptions(), FRAMES, SIDE, (height, width))
    yield from filmed(photograph, path.homographies, path.reduction, SIDE)
