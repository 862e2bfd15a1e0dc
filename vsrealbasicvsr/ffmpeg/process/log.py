"""Lines of an ffmpeg that was told `-loglevel repeat+level+info`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

LOGLEVEL = "repeat+level+info"
LEVELS = ("quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace")
"""From the most silent on."""

_LINE = re.compile(r"(?:\[([^\]]*?) @ [^\]]*\] )?(?:\[([^\]]*?) @ [^\]]*\] )?(?:\[(\w+)\] )?(.*)")


def plain_words() -> dict[str, str]:
    """The environment in which an ffmpeg says its lines without colours."""
    return {**os.environ, "AV_LOG_FORCE_NOCOLOR": "1"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log.

    Attributes:
        text: Without the signs in front of it.
        speaker: The part of FFmpeg that says it, such as a codec or a filter `name@instance`, or nothing.
        level: One of `LEVELS`.
    """

    text: str
    speaker: str = ""
    level: str = "info"

    @property
    def is_complaint(self) -> bool:
        """Whether it is a warning or worse."""
        return self.is_at_least("warning")

    def is_at_least(self, level: str) -> bool:
        """Whether it is as grave as `level`."""
        return LEVELS.index(self.level) <= LEVELS.index(level)

    def __str__(self) -> str:
        return f"[{self.speaker}] {self.text}" if self.speaker else self.text


def read_line(raw: bytes) -> Line:
    """A line as it came from the pipe."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    found = _LINE.fullmatch(text.rpartition("\r")[2])
    assert found is not None  # every part of the pattern may be empty
    outer, inner, level, rest = found.groups()
    return Line(rest, inner or outer or "", level if level in LEVELS else "info")
