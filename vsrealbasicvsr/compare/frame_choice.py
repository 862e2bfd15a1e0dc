"""Selection of the frames of a page, by measures of every frame and by shots."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsrealbasicvsr.compare.shown import Moment
from vsrealbasicvsr.video.read.cuts import Shrinker, find_cuts

_FLAT = 2.0
"""Percent of contrast below which a picture is black, white or of one colour."""
_FADED, _BLURRED = 0.6, 0.5
"""Factors of the 75th percentile of a shot's contrast and sharpness; frames below are not typical of it."""
_STILL = 0.1
"""Percent of change; with this or less, a frame repeats the one before."""
_MOVING = 3
"""One of this many frames has the greatest motion of its part; the others are sharp and from the middle."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Frames of one shot that can be shown, in rising order; one of them will be selected."""

    frames: NDArray[np.intp]
    lively: int
    """Number of frames that differ from the frame before."""

    @property
    def weight(self) -> tuple[int, int]:
        return self.lively, len(self.frames)

    @property
    def middle(self) -> int:
        return int(self.frames[len(self.frames) // 2])


def telling_frames(measures: Measures, cuts: Iterable[int], count: int) -> tuple[int, ...]:
    """Select frames from the whole film, of different shots if there are enough shots.

    A third of them are the frames with the greatest motion, each from another shot. The others are sharp
    frames from the middle of the longest shots that remain, spread over the film. Long shots give several
    frames if there are too few shots. Black or plain frames, frames of fades and blurred frames are selected
    only if there are no others. The same film always gives the same frames.

    Args:
        measures: Measures of all frames.
        cuts: Numbers of the frames that start a shot.
        count: Maximum number of frames to select; a film with fewer suitable frames gives fewer.

    Returns:
        Frame numbers, rising.
    """
    length = len(measures.change)
    shots = [slice(*bounds) for bounds in pairwise(sorted({0, length, *_inside(cuts, length)}))]
    change = measures.change.copy()
    change[[shot.start for shot in shots]] = 0.0  # a change over a cut is not motion
    parts = _parts(measures, change, shots, count)
    # Take the smaller change of both sides: a flash or a missed cut is a jump on one side only.
    motion = np.minimum(change, np.append(change[1:], np.float32(0)))
    by_motion = sorted(parts, key=lambda part: -motion[part.frames].max())
    moving, rest = by_motion[: count // _MOVING], by_motion[count // _MOVING :]
    chosen = [int(part.frames[motion[part.frames].argmax()]) for part in moving]
    chosen += [_sharpest(part, measures.sharpness) for part in _spread(rest, count - len(chosen), length)]
    return tuple(sorted(chosen))


def _inside(cuts: Iterable[int], length: int) -> Iterator[int]:
    return (cut for cut in cuts if 0 < cut < length)


def _parts(
    measures: Measures, change: NDArray[np.float32], shots: Iterable[slice], count: int
) -> list[_Part]:
    """Return the shots with frames to show, halved until there are `count` parts or none can be halved."""
    typical = [shot.start + _typical(measures, shot) for shot in shots]
    if not any(map(len, typical)):  # no shot has a typical frame: use all frames
        typical = [np.arange(shot.start, shot.stop) for shot in shots]
    parts = [_part(frames, change) for frames in typical if len(frames)]
    while len(parts) < count:
        place = max(range(len(parts)), key=lambda n: (len(parts[n].frames) > 1, *parts[n].weight, -n))
        frames = parts[place].frames
        if len(frames) < 2:
            break
        middle = len(frames) // 2
        parts[place : place + 1] = [_part(half, change) for half in (frames[:middle], frames[middle:])]
    return parts


def _part(frames: NDArray[np.intp], change: NDArray[np.float32]) -> _Part:
    return _Part(frames, int((change[frames] > _STILL).sum()))


def _typical(measures: Measures, shot: slice) -> NDArray[np.intp]:
    """Return the frames of a shot, counted from its start, that are neither plain, faded nor blurred."""
    contrast, sharpness = measures.contrast[shot], measures.sharpness[shot]
    shows = (contrast >= _FLAT) & (contrast >= _FADED * np.percentile(contrast, 75))
    if shows.any():
        shows &= sharpness >= _BLURRED * np.percentile(sharpness[shows], 75)
    return np.flatnonzero(shows)


def _spread(parts: list[_Part], count: int, length: int) -> list[_Part]:
    """Return the heaviest part of each of `count` equal sections of the film, then the heaviest others."""
    heaviest = sorted(parts, key=lambda part: (*part.weight, -part.middle), reverse=True)
    chosen: dict[int, _Part] = {}
    for part in heaviest:
        chosen.setdefault(part.middle * count // length, part)
    # Compare by identity: parts hold arrays, which `==` compares element by element.
    left = [part for part in heaviest if not any(part is other for other in chosen.values())]
    return [*chosen.values(), *left][:count]


def _sharpest(part: _Part, sharpness: NDArray[np.float32]) -> int:
    """Return the sharpest frame of the middle half of a part."""
    quarter = len(part.frames) // 4
    middle = part.frames[quarter : len(part.frames) - quarter]
    return int(middle[sharpness[middle].argmax()])


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of the frames of a film, in order; each (frames,), float32.

    Attributes:
        contrast: Standard deviation of brightness, in percent of the range.
        sharpness: Mean step between neighbouring pixels, across plus down, in percent of the range.
        change: Mean difference from the frame before, in percent of the range; 0 for the first frame.
    """

    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    change: NDArray[np.float32]


class Measuring:
    """Measures small copies of the frames one by one; keeps twelve bytes per frame, and the last copy."""

    def __init__(self) -> None:
        self._contrast, self._sharpness, self._change = array("f"), array("f"), array("f")
        self._last: NDArray[np.float32] | None = None

    def add(self, small: NDArray[np.float32]) -> None:
        """Measure the next frame.

        Args:
            small: (h, w), float32, brightness in percent, from `vsrealbasicvsr.video.read.cuts.Shrinker`.
        """
        steps = [np.abs(np.diff(small, axis=axis)) for axis in (0, 1)]
        self._contrast.append(float(small.std()))
        self._sharpness.append(float(sum(step.mean() for step in steps if step.size)))
        self._change.append(0.0 if self._last is None else float(np.abs(small - self._last).mean()))
        self._last = small

    def measures(self) -> Measures:
        """Return the measures of all frames so far."""
        return Measures(*(np.array(v, np.float32) for v in (self._contrast, self._sharpness, self._change)))


@dataclass(frozen=True, slots=True)
class _PicturedMoment:
    """A moment with the picture of its first source, as `find_cuts` needs it."""

    moment: Moment

    @property
    def picture(self) -> VideoFrame:
        return self.moment[0].picture


class Shots:
    """Cuts of the first source and measures of its frames; about 20 bytes per frame."""

    def __init__(self) -> None:
        self._shrink, self._measuring = Shrinker(), Measuring()
        self._cuts: list[int] = []
        self._count = 0

    def noted(self, moments: Iterable[Moment]) -> Iterator[Moment]:
        """Record each moment, and yield it unchanged."""
        for pictured, cut in find_cuts(map(_PicturedMoment, moments)):
            if cut:
                self._cuts.append(self._count)
            self._measuring.add(self._shrink(pictured.picture))
            self._count += 1
            yield pictured.moment

    def telling(self, count: int) -> tuple[int, ...]:
        """Return the indices of the moments that show the shots best, rising; see `telling_frames`."""
        return telling_frames(self._measuring.measures(), self._cuts, min(count, self._count))


def greatest(figures: Sequence[float], count: int) -> tuple[int, ...]:
    """Divide a clip into `count` equal sections, and take from each the frame with the greatest figure.

    Args:
        figures: One for each frame, in order.
        count: Maximum number of frames to take; a shorter clip gives all of its frames.

    Returns:
        Indices in `figures`, rising.
    """
    total = len(figures)
    count = min(count, total)
    bounds = [total * section // count for section in range(count + 1)] if count else [0]
    sections = [range(start, end) for start, end in pairwise(bounds)]
    return tuple(max(section, key=lambda place: figures[place]) for section in sections)
