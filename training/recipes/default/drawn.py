"""Drawings with transparency, made small, and films of those held out for validation."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.cache import PictureCache
from training.data.options import DrawingOptions, MotionOptions
from training.data.synthetic.backgrounds import Backgrounds
from training.data.synthetic.drawings import DrawingClip
from training.data.writing import write_whole
from training.recipes.default.archives import members
from training.recipes.default.clips import NEARLY_LOSSLESS, write_clip
from training.recipes.default.photographs import FRAMES, QUALITY, RATE, SIDE
from training.recipes.default.record import Taken
from training.recipes.default.sources import Drawings

LONG_SIDE = 448
"""Pixels at most; what is larger is reduced."""
SMALLEST = (400, 250)
"""Pixels: the least that the longer and the shorter side must have."""
COVERAGE = 0.12
"""The least share of the picture that is not transparent; below it are thin lines."""
CONTRAST, COLOUR = 25.0, 20.0
"""The least standard deviation and the least mean saturation of what is drawn, of 255: no silhouettes."""

_HOLDS = 16 << 20  # bytes of decoded drawings: all that are held out
_SEED = 6_100  # of the films, the same in every pack


def take_drawings(source: Drawings, archive: Path, target: Path) -> tuple[Taken, ...]:
    """Write an archive's drawings as `train/drawings/GROUP/NAME.webp`, and films of those held out.

    WebP is without loss where they are not painted: its lossy form halves the resolution of colour, and crisp
    edges are what drawings are taken for.

    Args:
        source: which.
        archive: its file.
        target: the pack.

    Raises:
        TrainingError: the archive is damaged, or a file cannot be written.
    """
    return tuple(_taken(source, archive, target))


def _taken(source: Drawings, archive: Path, target: Path) -> Iterator[Taken]:
    with tempfile.TemporaryDirectory() as folder:
        held: list[tuple[Path, str]] = []
        for member, content in members(archive, source.members, source.archive.only):
            name = source.name_of(member)
            picture = fit(content) if name else None
            if name is None or picture is None:
                continue
            packed = io.BytesIO()
            picture.save(packed, "WEBP", lossless=not source.painted, quality=QUALITY, method=4)
            if name in source.held_out:
                path = Path(folder) / f"{name}.webp"
                held.append((path, member))
            else:
                path = target / "train" / "drawings" / source.group / f"{name}.webp"
                yield Taken("train", path.relative_to(target).as_posix(), member, source.archive)
            write_whole(path, packed.getvalue())
        names = ", ".join(member for _, member in held)
        for number, frames in enumerate(_films(tuple(path for path, _ in held), source.films), 1):
            path = target / "validation" / f"drawn_{source.group}_{number}.mp4"
            write_clip(path, frames, RATE, NEARLY_LOSSLESS)
            yield Taken("validation", path.relative_to(target).as_posix(), names, source.archive)


def fit(content: bytes) -> Image.Image | None:
    """A drawing in RGBA, reduced, without clear margins; None if there is too little in it to learn from."""
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            stored = Image.open(io.BytesIO(content))
            long, short = max(stored.size), min(stored.size)
            if long < SMALLEST[0] or short < SMALLEST[1]:
                return None
            picture = stored.convert("RGBA").convert("RGBa")  # averages no colour of what is clear
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    if long > LONG_SIDE:
        size = tuple(max(1, round(side * LONG_SIDE / long)) for side in picture.size)
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    box = picture.getchannel("a").getbbox()
    return picture.convert("RGBA").crop(box) if box and _rich(picture) else None


def _rich(picture: Image.Image) -> bool:
    pixels = np.asarray(picture, np.float64)
    colours, alpha = pixels[..., :3], pixels[..., 3] / 255
    if alpha.mean() < COVERAGE or alpha.min() == 1:  # nothing clear: a picture in a frame
        return False
    drawn = alpha > 0.5
    plain = colours[drawn] / alpha[drawn][:, None]
    contrast = plain.std(axis=0).mean()
    colour = (plain.max(axis=1) - plain.min(axis=1)).mean()
    return bool(contrast >= CONTRAST and colour >= COLOUR)


def _films(drawings: tuple[Path, ...], count: int) -> Iterator[Iterator[np.ndarray]]:
    """Some films of drawings before painted backgrounds."""
    if not drawings:
        return
    pictures = PictureCache(_HOLDS)
    backgrounds = Backgrounds((), 0.0, MotionOptions(), pictures)
    # Drawings that are held for some frames leap, which may pass for a cut: no clip goes over a cut.
    options = DrawingOptions(hold=1, pan=2.0, rotation=0.5)
    clip = DrawingClip("drawings", drawings, backgrounds, options, pictures)
    for number in range(count):
        yield iter(clip.take(np.random.default_rng([_SEED, number]), FRAMES, SIDE))
