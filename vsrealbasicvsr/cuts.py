"""Scene cuts: told from small copies of the pictures, or read from and written to a text file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.files import replaced

DEFAULT_THRESHOLD = 10.0
"""Percent of the brightness range; FFmpeg's scdet has the same default."""
BEFORE, AFTER = 3, 2
"""Frames before and after a frame that decide whether it starts a shot; the longest flash that is not a cut
lasts `AFTER` frames."""
SMALL_WIDTH = 160
"""Of the copies that are compared, in pixels."""
_FLASH = 0.5
"""Pictures across a cut that differ by less than this part of it mean that the shot goes on."""
_BLEND = 0.8
"""From before to after a blended picture it is nearly as far as by way of it; between three shots, half."""
_LONGEST_NUMBER = 12


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the copy of a picture that `starts_shot` compares."""
    small = min(width, SMALL_WIDTH)
    return small, max(1, small * height // width)


def in_percent(luma: NDArray[Any]) -> NDArray[np.float32]:
    """An 8-bit small copy as `starts_shot` takes it; only differences count, whatever colour and range."""
    return luma.astype(np.float32) * np.float32(100 / 256)


def starts_shot(
    pictures: Mapping[int, NDArray[np.float32]], number: int, threshold: float = DEFAULT_THRESHOLD
) -> bool:
    """Whether a frame starts a new shot; a function of it and its neighbours alone.

    The measure is that of FFmpeg's scdet, the rise of the mean luma difference between neighbours, in
    percent of the range; so constant motion and fades, whose differences stay alike, give no cuts. A flash
    of one or two frames gives none either, two cuts in a row give both, and a cut through one blended
    frame is one. The first frame of all starts none: a cut lies between two frames.

    Args:
        pictures: small copies by frame number, from `in_percent`: those of `number - BEFORE` to
            `number + AFTER` that the clip has.
        number: of the frame, from 0.
        threshold: percent from which a rise is a cut.
    """
    return _Neighbourhood(pictures, threshold).starts(number)


class _Neighbourhood:
    """The measures around a frame."""

    def __init__(self, pictures: Mapping[int, NDArray[np.float32]], threshold: float) -> None:
        self._pictures = pictures
        self._threshold = threshold

    def starts(self, number: int) -> bool:
        change = self._change(number - 1, number)
        after_rise = self._rises(number - 1)
        starts = self._rises(number) or (after_rise and self._falls(number))
        if after_rise and starts and self._is_blend(number - 1):
            return False
        return starts and not self._is_flash(number, change)

    def _rises(self, number: int) -> bool:
        rise = self._change(number - 1, number) - self._change(number - 2, number - 1)
        # Nothing lies before the clip's first pair, which may be in fast motion: what follows decides.
        return rise >= self._threshold and (number > 1 or self._falls(number))

    def _falls(self, number: int) -> bool:
        return self._change(number - 1, number) - self._change(number, number + 1) >= self._threshold

    def _change(self, first: int, second: int) -> float:
        """Mean difference of two pictures; 0 where one lies outside the clip."""
        if first not in self._pictures or second not in self._pictures:
            return 0.0
        return float(np.abs(self._pictures[first] - self._pictures[second]).mean())

    def _is_flash(self, number: int, change: float) -> bool:
        """Whether a picture soon after is like one shortly before."""
        for distance in range(2, AFTER + 2):
            for first in range(number - distance, number):
                second = first + distance
                inside = number <= second and first in self._pictures and second in self._pictures
                if inside and self._change(first, second) < _FLASH * change:
                    return True
        return False

    def _is_blend(self, number: int) -> bool:
        """Whether a picture lies between its neighbours, as a mixture of both."""
        way = self._change(number - 1, number) + self._change(number, number + 1)
        return self._change(number - 1, number + 1) >= _BLEND * way


def given_cuts(choice: str) -> frozenset[int] | None:
    """The frames that start a shot by the setting `cuts`; None where they are to be found.

    Raises:
        VideoError: the file that it names cannot be read.
    """
    if choice == "auto":
        return None
    return frozenset() if choice == "none" else read_cuts(choice)


def read_cuts(path: str | Path) -> frozenset[int]:
    """Read the numbers of the frames that start a shot: one a line; `#` starts a comment.

    Raises:
        VideoError: the file cannot be read, or a line is no frame number.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # no text, or a name with a NUL in it
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise VideoError(f"cannot read cuts from {path}: {reason}.") from error
    lines = ((n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), 1))
    return frozenset(_frame_number(word, f"{path}, line {n}") for n, word in lines if word)


def write_cuts(path: str | Path, cuts: Iterable[int]) -> None:
    """Write what `read_cuts` reads; the file appears only when it is whole.

    Raises:
        VideoError: the file cannot be written.
    """
    path = Path(path)
    lines = ["# frames that start a new shot, counted from 0", *map(str, sorted(set(cuts)))]
    try:
        with replaced(path) as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise VideoError(f"cannot write cuts to {path}: {error.strerror}.") from error


def _frame_number(word: str, place: str) -> int:
    if word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER:
        return int(word)
    raise VideoError(f"{place}: {word[:40]!r} is not a frame number; write one a line, counted from 0.")
