"""Scene cuts: found in small copies of the pictures, or read from and written to a text file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.graph import FilterChain
from vsrealbasicvsr.video.source import SourceFrame

DEFAULT_THRESHOLD = 10.0
"""Percent of the brightness range; FFmpeg's scdet has the same default."""
_AHEAD = 2
"""Frames looked at beyond a cut, so the longest flash that is not one."""
_WIDTH = 160
"""Of the small copies, in pixels."""
_FLASH = 0.5
"""Pictures across a cut that differ by less than this part of it mean that the shot goes on."""
_BLEND = 0.8
"""From before to after a blended picture it is nearly as far as by way of it; between three shots, half."""
_LONGEST_NUMBER = 12


def find_cuts(
    frames: Iterable[SourceFrame], *, threshold: float = DEFAULT_THRESHOLD
) -> Iterator[tuple[SourceFrame, bool]]:
    """Tell for each frame, in order, whether it starts a new shot.

    The first frame of all does not: a cut lies between two frames. The measure is that of FFmpeg's scdet,
    the rise of the mean luma difference between neighbours, in percent of the range; so constant motion
    and fades, whose differences stay alike, give no cuts. A flash of one or two frames gives none either,
    two cuts in a row give both, and a cut through one blended frame is one. Holds two frames more than it
    has yielded.

    Args:
        frames: In order of time.
        threshold: Percent from which a rise is a cut.
    """
    shrink = _Shrinker()
    detector = _Detector(threshold)
    waiting: deque[SourceFrame] = deque()
    for frame in frames:
        waiting.append(frame)
        detector.add(shrink(frame.picture))
        if len(waiting) > _AHEAD:
            yield waiting.popleft(), detector.judge()
    while waiting:
        yield waiting.popleft(), detector.judge()


class _Shrinker:
    """Small luma pictures, in percent of the brightness range."""

    def __init__(self) -> None:
        # Only differences count, so colour and range need no care here.
        options = f"w='min(iw,{_WIDTH})':h='max(1,min(iw,{_WIDTH})*ih/iw)':flags=area"
        self._chain = FilterChain(("scale", options), ("format", "gray"), time_base=Fraction(1))

    def __call__(self, picture: VideoFrame) -> NDArray[np.float32]:
        (small,) = self._chain.push(picture)
        return small.to_ndarray().astype(np.float32) * np.float32(100 / 256)


class _Detector:
    """Keeps the small pictures around the frame that is judged next, six at most."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._small: deque[NDArray[np.float32]] = deque()
        self._first = 0  # number of the oldest picture kept
        self._next = 0  # number of the frame that is judged next
        self._after_rise = False

    def add(self, small: NDArray[np.float32]) -> None:
        self._small.append(small)

    def judge(self) -> bool:
        """Whether the next frame starts a shot, by the frames added so far."""
        number = self._next
        self._next += 1
        while self._first < number - _AHEAD - 1:
            self._small.popleft()
            self._first += 1
        change = self._change(number - 1, number)
        falls = change - self._change(number, number + 1) >= self._threshold
        # Nothing lies before the clip's first pair, which may be in fast motion: what follows decides.
        rises = change - self._change(number - 2, number - 1) >= self._threshold and (number > 1 or falls)
        starts = rises or (self._after_rise and falls)
        if self._after_rise and starts and self._is_blend(number - 1):
            starts = False
        self._after_rise = rises
        return starts and not self._is_flash(number, change)

    def _change(self, first: int, second: int) -> float:
        """Mean difference of two pictures; 0 where one lies outside the clip."""
        first, second = first - self._first, second - self._first
        if first < 0 or second >= len(self._small):
            return 0.0
        return float(np.abs(self._small[first] - self._small[second]).mean())

    def _is_flash(self, number: int, change: float) -> bool:
        """Whether a picture soon after is like one shortly before."""
        for distance in range(2, _AHEAD + 2):
            for first in range(max(number - distance, self._first), number):
                second = first + distance
                inside = number <= second < self._first + len(self._small)
                if inside and self._change(first, second) < _FLASH * change:
                    return True
        return False

    def _is_blend(self, number: int) -> bool:
        """Whether a picture lies between its neighbours, as a mixture of both."""
        way = self._change(number - 1, number) + self._change(number, number + 1)
        return self._change(number - 1, number + 1) >= _BLEND * way


def read_cuts(path: str | Path) -> frozenset[int]:
    """Read the numbers of the frames that start a shot: one a line; `#` starts a comment.

    Raises:
        VideoError: the file cannot be read, or a line is no frame number.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
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
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    lines = ["# frames that start a new shot, counted from 0", *map(str, sorted(set(cuts)))]
    try:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise VideoError(f"cannot write cuts to {path}: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _frame_number(word: str, place: str) -> int:
    if word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER:
        return int(word)
    raise VideoError(f"{place}: {word[:40]!r} is not a frame number; write one a line, counted from 0.")
