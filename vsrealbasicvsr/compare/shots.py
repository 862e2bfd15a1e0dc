"""The shots of the first source, noted while all are measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from av.video.frame import VideoFrame

from vsrealbasicvsr.compare.measures import Measuring
from vsrealbasicvsr.compare.shown import Moment
from vsrealbasicvsr.compare.telling import telling_frames
from vsrealbasicvsr.video.read.cuts import Shrinker, find_cuts


@dataclass(frozen=True, slots=True)
class _Led:
    """A moment, as what its first source shows."""

    moment: Moment

    @property
    def picture(self) -> VideoFrame:
        return self.moment[0].picture


class Shots:
    """Cuts of the first source, and what its frames look like: some 20 bytes a frame."""

    def __init__(self) -> None:
        self._shrink, self._measuring = Shrinker(), Measuring()
        self._cuts: list[int] = []
        self._count = 0

    def noted(self, moments: Iterable[Moment]) -> Iterator[Moment]:
        """The same moments, each noted."""
        for led, cut in find_cuts(map(_Led, moments)):
            if cut:
                self._cuts.append(self._count)
            self._measuring.add(self._shrink(led.picture))
            self._count += 1
            yield led.moment

    def telling(self, count: int) -> tuple[int, ...]:
        """Places of the moments that show the shots best, rising; see `telling_frames`."""
        return telling_frames(self._measuring.measures(), self._cuts, min(count, self._count))
