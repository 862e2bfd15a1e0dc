"""Scene cuts that the user's own filters found: `scdet`, or a `select` that compares scenes."""

from __future__ import annotations

import re
import threading
from fractions import Fraction

from vsrealbasicvsr.ffmpeg.graph.grammar import Filter

_FRAME = re.compile(r"frame:\S*\s+pts:(-?\d+)\s")
_CUT = "lavfi.scd.time="
_SCORE = re.compile(r"lavfi\.scene_score=([\d.]+)")
_SCENE_SCORE = 0.4
"""From here on `select`'s score is a cut; FFmpeg's manual calls 0.3 to 0.5 sane."""
_PATIENCE = 1.0
"""Seconds to wait for a line that was written before the picture was; it is on its way in another pipe."""


def tells_cuts(item: Filter) -> bool:
    """Whether the filter writes into each picture's metadata what we take for cuts."""
    return item.name == "scdet" or (item.name == "select" and "scene" in (item.arguments or ""))


class Marks:
    """What the decode half prints of each picture's metadata, to be asked for from another thread.

    Args:
        time_base: Unit of the time stamps that it prints.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._changed = threading.Condition()
        self._cuts: set[Fraction] = set()
        self._time: Fraction | None = None

    def hear(self, text: str) -> None:
        """Take in a line."""
        with self._changed:
            if found := _FRAME.match(text):
                self._time = int(found[1]) * self._time_base
            elif self._time is not None and _is_cut(text):
                self._cuts.add(self._time)
            self._changed.notify_all()

    def is_cut(self, time: Fraction) -> bool:
        """Whether the picture of that time, in seconds, starts a shot; asked for once, in order of time."""
        with self._changed:
            # A picture's lines are complete when the next one's have begun; the last picture's never are.
            self._changed.wait_for(lambda: self._time is not None and self._time > time, _PATIENCE)
            found = time in self._cuts
            self._cuts = {cut for cut in self._cuts if cut > time}
            return found


def _is_cut(text: str) -> bool:
    score = _SCORE.match(text)
    return text.startswith(_CUT) or (score is not None and float(score[1]) >= _SCENE_SCORE)
