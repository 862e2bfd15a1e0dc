"""Drawings with transparency, reduced in size, and films of the drawings held out for validation."""

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
"""Longest side in pixels; larger drawings are reduced."""
SMALLEST = (400, 250)
"""Smallest longer and shorter side, in pixels."""
COVERAGE = 0.12
"""Smallest share of the picture that is not transparent; drawings below it are thin lines."""
CONTRAST, COLOUR = 25.0, 20.0
"""Smallest standard deviation and mean saturation of what is drawn, of 255; this excludes silhouettes."""

_HOLDS = 16 << 20  # bytes of decoded drawings: enough for all that are held out
_SEED = 6_100  # seed of the films, the same in every pack


def take_drawings(source: Drawings, archive: Path, target: Path) -> tuple[Taken, ...]:
    """Write an archive's drawings as `train/drawings/GROUP/NAME.webp`, and films of those held out.

    Drawings that are not painted are stored as lossless WebP. Lossy WebP halves the resolution of the colour,
    but drawings are used because of their sharp edges.

    Args:
        source: the source of the drawings.
        archive: file of the archive.
        target: folder of the pack.

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
    """Return a drawing as RGBA, reduced, without clear margins; None if it holds too little to learn from."""
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            stored = Image.open(io.BytesIO(content))
            long, short = max(stored.size), min(stored.size)
            if long < SMALLEST[0] or short < SMALLEST[1]:
                return None
            # Premultiplied, so that the colours of clear pixels do not count in averages.
            picture = stored.convert("RGBA").convert("RGBa")
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
    if alpha.mean() < COVERAGE or alpha.min() == 1:  # nothing is clear: a whole picture, not a drawing
        return False
    drawn = alpha > 0.5
    plain = colours[drawn] / alpha[drawn][:, None]
    contrast = plain.std(axis=0).mean()
    colour = (plain.max(axis=1) - plain.min(axis=1)).mean()
    return bool(contrast >= CONTRAST and colour >= COLOUR)


def _films(drawings: tuple[Path, ...], count: int) -> Iterator[Iterator[np.ndarray]]:
    """Yield films of drawings in front of painted backgrounds."""
    if not drawings:
        return
    pictures = PictureCache(_HOLDS)
    backgrounds = Backgrounds((), 0.0, MotionOptions(), pictures)
    # hold=1, because a drawing that stays still for some frames then leaps, which may look like a scene cut.
    # A clip must not cross a cut.
    options = DrawingOptions(hold=1, pan=2.0, rotation=0.5)
    clip = DrawingClip("drawings", drawings, backgrounds, options, pictures)
    for number in range(count):
        yield iter(clip.take(np.random.default_rng([_SEED, number]), FRAMES, SIDE))
