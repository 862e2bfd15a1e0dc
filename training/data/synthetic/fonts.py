"""Font files in folders, and what can be written with each."""

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

_MISSING = "\uffff"  # no character: every font shows its sign for what it lacks
_LOOKED_AT = 24  # pixels a line


@dataclass(frozen=True, slots=True)
class Font:
    """A font file.

    Attributes:
        path: of the file.
        scripts: those whose letters it has, all of them; with the words that it has all letters of.
    """

    path: Path
    scripts: tuple[Script, ...]


def find_fonts(folder: Path) -> Iterator[Path]:
    """The font files in a folder at any depth, in the order of their names; hidden ones are passed over.

    Raises:
        TrainingError: there is no such folder, or no font in it.
    """
    require(folder.is_dir(), f"There is no folder {folder}; check the name.")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    visible = [
        path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    require(bool(visible), f"{folder} holds no fonts (.ttf, .otf or .ttc).")
    yield from visible


def read_font(path: Path, scripts: Sequence[Script] = SCRIPTS) -> Font:
    """Open a font file and see what can be written with it.

    Args:
        path: of the file.
        scripts: which to look for.

    Raises:
        ClipError: it is no font, or its letters are damaged.
    """
    font = opened(path, _LOOKED_AT)
    missing = _looks(font, _MISSING, path)

    @cache
    def has(letter: str) -> bool:
        return _looks(font, letter, path) != missing

    shown = (script for script in scripts if all(map(has, script.letters)))
    return Font(
        path,
        tuple(
            replace(script, words=tuple(word for word in script.words if all(map(has, word))))
            for script in shown
        ),
    )


def opened(path: Path, size: float) -> ImageFont.FreeTypeFont:
    """A font in a size, in pixels a line. Letters are set one after another, on every machine alike.

    Raises:
        ClipError: it is no font, or cannot be read.
    """
    try:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise ClipError(f"{path} is damaged or no font.") from error


def _looks(font: ImageFont.FreeTypeFont, letter: str, path: Path) -> tuple[tuple[int, int], bytes]:
    try:
        mask = font.getmask(letter)
    except OSError as error:
        raise ClipError(f"{path} is damaged or no font.") from error
    return mask.size, bytes(mask)
