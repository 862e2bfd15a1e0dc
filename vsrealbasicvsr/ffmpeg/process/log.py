"""Log lines of an ffmpeg that runs with `-loglevel repeat+level+info`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

LOGLEVEL = "repeat+level+info"
LEVELS = ("quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace")
"""FFmpeg's log levels, from the quietest to the most verbose."""

_LINE = re.compile(r"(?:\[([^\]]*?) @ [^\]]*\] )?(?:\[([^\]]*?) @ [^\]]*\] )?(?:\[(\w+)\] )?(.*)")


def plain_words() -> dict[str, str]:
    """Return an environment in which ffmpeg writes its log without colours."""
    return {**os.environ, "AV_LOG_FORCE_NOCOLOR": "1"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log.

    Attributes:
        text: The message without its prefixes.
        speaker: The part of FFmpeg that wrote it, such as a codec or a filter `name@instance`; may be empty.
        level: One of `LEVELS`.
    """

    text: str
    speaker: str = ""
    level: str = "info"

    @property
    def is_complaint(self) -> bool:
        """True if it is a warning or worse."""
        return self.is_at_least("warning")

    def is_at_least(self, level: str) -> bool:
        """Return whether it is at least as severe as `level`."""
        return LEVELS.index(self.level) <= LEVELS.index(level)

    def __str__(self) -> str:
        return f"[{self.speaker}] {self.text}" if self.speaker else self.text


def read_line(raw: bytes) -> Line:
    """Parse a line as it came from the pipe."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    match = _LINE.fullmatch(text.rpartition("\r")[2])
    assert match is not None  # every part of the pattern may be empty
    outer, inner, level, rest = match.groups()
    return Line(rest, inner or outer or "", level if level in LEVELS else "info")
