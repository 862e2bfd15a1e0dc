"""Scene-cut detection on small copies of the frames; reading and writing of files with cuts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.files import replaced

DEFAULT_THRESHOLD = 10.0
"""In percent of the brightness range; FFmpeg's scdet has the same default."""
BEFORE, AFTER = 3, 2
"""Number of frames before and after a frame that decide whether it starts a shot. A flash of up to `AFTER`
frames is not a cut."""
SMALL_WIDTH = 160
"""Largest width of the compared copies, in pixels."""
_FLASH = 0.5
"""If a frame soon after a change and one shortly before it differ by less than this part of the change, the
change is a flash, and the shot goes on."""
_BLEND = 0.8
"""The neighbours of a blended frame differ by nearly the sum of their differences from it. If all three
frames are from different shots, they differ by about half of that sum."""
_LONGEST_NUMBER = 12  # digits


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the copy of a frame that `starts_shot` compares."""
    small = min(width, SMALL_WIDTH)
    return small, max(1, small * height // width)


def in_percent(luma: NDArray[Any]) -> NDArray[np.float32]:
    """Convert an 8-bit small copy for `starts_shot`.

    Only differences count, so colour and range of the video do not matter.
    """
    return luma.astype(np.float32) * np.float32(100 / 256)


def starts_shot(
    pictures: Mapping[int, NDArray[np.float32]], number: int, threshold: float = DEFAULT_THRESHOLD
) -> bool:
    """Return whether a frame starts a new shot; the result depends only on it and its neighbours.

    The measure is that of FFmpeg's scdet: the rise of the mean luma difference between neighbours, in percent
    of the range. In constant motion and in fades these differences stay alike, so they give no cuts. A flash
    of one or two frames gives no cut. Two cuts in a row give two cuts. A cut through one blended frame gives
    one cut. The clip's first frame is not a cut, because a cut lies between two frames.

    Args:
        pictures: Small copies by frame number, from `in_percent`: frames `number - BEFORE` to
            `number + AFTER`, as far as the clip has them.
        number: Number of the frame, from 0.
        threshold: Smallest rise that is a cut, in percent.
    """
    return _Neighbourhood(pictures, threshold).starts(number)


class _Neighbourhood:
    """Measures on a frame and its neighbours."""

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
        # The clip may begin in fast motion. Frame 1 has no earlier pair to show that, so the next pair does.
        return rise >= self._threshold and (number > 1 or self._falls(number))

    def _falls(self, number: int) -> bool:
        return self._change(number - 1, number) - self._change(number, number + 1) >= self._threshold

    def _change(self, first: int, second: int) -> float:
        """Return the mean difference of two frames; 0 if one lies outside the clip."""
        if first not in self._pictures or second not in self._pictures:
            return 0.0
        return float(np.abs(self._pictures[first] - self._pictures[second]).mean())

    def _is_flash(self, number: int, change: float) -> bool:
        """Return whether a frame soon after the change is like one shortly before it."""
        for distance in range(2, AFTER + 2):
            for first in range(number - distance, number):
                second = first + distance
                inside = number <= second and first in self._pictures and second in self._pictures
                if inside and self._change(first, second) < _FLASH * change:
                    return True
        return False

    def _is_blend(self, number: int) -> bool:
        """Return whether a frame is a mixture of its neighbours."""
        path = self._change(number - 1, number) + self._change(number, number + 1)
        return self._change(number - 1, number + 1) >= _BLEND * path


def given_cuts(choice: str) -> frozenset[int] | None:
    """Return the frames that start a shot by the setting `cuts`; None if they must be detected.

    Raises:
        VideoError: the setting names a file that cannot be read.
    """
    if choice == "auto":
        return None
    return frozenset() if choice == "none" else read_cuts(choice)


def read_cuts(path: str | Path) -> frozenset[int]:
    """Read the numbers of the frames that start a shot, one in each line; `#` starts a comment.

    Raises:
        VideoError: the file cannot be read, or a line is not a frame number.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a name with a NUL in it
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise VideoError(f"cannot read cuts from {path}: {reason}.") from error
    lines = ((n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), 1))
    return frozenset(_frame_number(word, f"{path}, line {n}") for n, word in lines if word)


def write_cuts(path: str | Path, cuts: Iterable[int]) -> None:
    """Write a file that `read_cuts` reads; it appears only when it is complete.

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
