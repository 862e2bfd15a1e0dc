"""Scene cuts that the user's own filters detect: `scdet`, or a `select` that compares scenes."""

from __future__ import annotations

import re
import threading
from fractions import Fraction

from vsrealbasicvsr.ffmpeg.graph.grammar import Filter

_FRAME = re.compile(r"frame:\S*\s+pts:(-?\d+)\s")
_CUT = "lavfi.scd.time="
_SCORE = re.compile(r"lavfi\.scene_score=([\d.]+)")
_SCENE_SCORE = 0.4
"""A `select` score from this value on is a cut; FFmpeg's manual recommends 0.3 to 0.5."""
_TIMEOUT_SECONDS = 1.0
"""How long to wait for a line that ffmpeg wrote before the frame; the line arrives through another pipe."""


def tells_cuts(item: Filter) -> bool:
    """Return whether the filter writes metadata from which we read cuts."""
    return item.name == "scdet" or (item.name == "select" and "scene" in (item.arguments or ""))


class Marks:
    """The metadata of frames that the decode half prints; one thread adds lines, another asks for cuts.

    Args:
        time_base: Unit of the printed time stamps, in seconds.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._changed = threading.Condition()
        self._cuts: set[Fraction] = set()
        self._time: Fraction | None = None

    def hear(self, text: str) -> None:
        """Parse a line."""
        with self._changed:
            if match := _FRAME.match(text):
                self._time = int(match[1]) * self._time_base
            elif self._time is not None and _is_cut(text):
                self._cuts.add(self._time)
            self._changed.notify_all()

    def is_cut(self, time: Fraction) -> bool:
        """Return whether the frame at that time, in seconds, starts a shot.

        Call it once for each frame, in order of time.
        """
        with self._changed:
            # The lines of a frame are complete when those of the next frame begin; for the last frame this
            # never happens.
            self._changed.wait_for(lambda: self._time is not None and self._time > time, _TIMEOUT_SECONDS)
            starts_shot = time in self._cuts
            self._cuts = {cut for cut in self._cuts if cut > time}
            return starts_shot


def _is_cut(text: str) -> bool:
    score = _SCORE.match(text)
    return text.startswith(_CUT) or (score is not None and float(score[1]) >= _SCENE_SCORE)
