"""Font files in folders, and the scripts that can be written with each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from PIL import ImageFont

from training.data.synthetic.scripts import SCRIPTS, Script
from training.options import require
from vsrealbasicvsr.errors import ClipError

SUFFIXES = frozenset((".ttf", ".otf", ".ttc"))

_MISSING = "\uffff"  # not a character: every font shows its glyph for missing characters
_PROBE_SIZE = 24  # pixels per line, to compare glyphs


@dataclass(frozen=True, slots=True)
class Font:
    """A font file.

    Attributes:
        path: path of the file.
        scripts: the scripts of which it has all letters, each with the words of which it has all letters.
    """

    path: Path
    scripts: tuple[Script, ...]


def find_fonts(folder: Path) -> Iterator[Path]:
    """Yield the font files in a folder at any depth, in the order of their names. Hidden ones are ignored.

    Raises:
        TrainingError: the folder does not exist, or holds no font.
    """
    require(folder.is_dir(), f"There is no folder {folder}; check the name.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    visible = [
        path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    require(bool(visible), f"{folder} holds no fonts (.ttf, .otf or .ttc).")
    yield from visible


def read_font(path: Path, scripts: Sequence[Script] = SCRIPTS) -> Font:
    """Open a font file and find the scripts that can be written with it.

    Args:
        path: path of the file.
        scripts: scripts to look for.

    Raises:
        ClipError: the file is not a font, or its letters are damaged.
    """
    font = opened(path, _PROBE_SIZE)
    missing = _glyph(font, _MISSING, path)

    @cache
    def has(letter: str) -> bool:
        return _glyph(font, letter, path) != missing

    supported = (script for script in scripts if all(map(has, script.letters)))
    return Font(
        path,
        tuple(
            replace(script, words=tuple(word for word in script.words if all(map(has, word))))
            for script in supported
        ),
    )


def opened(path: Path, size: float) -> ImageFont.FreeTypeFont:
    """Open a font in a size, in pixels per line. The layout is basic, and so the same on every machine.

    Raises:
        ClipError: the file is not a font, or cannot be read.
    """
    try:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise ClipError(f"{path} is damaged or no font.") from error


def _glyph(font: ImageFont.FreeTypeFont, letter: str, path: Path) -> tuple[tuple[int, int], bytes]:
    try:
        mask = font.getmask(letter)
    except OSError as error:
        raise ClipError(f"{path} is damaged or no font.") from error
    return mask.size, bytes(mask)
