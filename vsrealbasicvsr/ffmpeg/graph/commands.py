"""Commands that one filter sends to others, which cannot pass from one half of a cut graph to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, arguments_of

_SENDERS = ("sendcmd", "asendcmd")
_FILE_OPTIONS = ("f", "filename")


def check_commands(before: Iterable[Filter], after: Iterable[Filter], text: str) -> None:
    """Refuse commands for a filter on the other side of the node, which would never arrive.

    Args:
        before: The filters in front of the node.
        after: The others.
        text: The graph as it was written, for the message.

    Raises:
        GraphError: there is such a command.
    """
    sides = [*before], [*after]
    for own, other in (sides, sides[::-1]):
        reached = {name for item in own for name in _names(item)}
        for item in own:
            if item.name not in _SENDERS or item in other:
                continue
            sent = set(re.findall(r"[\w@]+", _commands(item)))
            lost = {name for each in other for name in _names(each)} & sent - reached
            if lost:
                what = f"commands do not pass realbasicvsr: put {item.name} on the same side as {min(lost)}"
                raise GraphError.at(what, text, item.position)


def _names(item: Filter) -> set[str]:
    """What commands call the filter."""
    return {item.name, item.text.partition("=")[0].strip()}


def _commands(item: Filter) -> str:
    words = []
    for name, value in arguments_of(item):
        words.append(value)
        if name in _FILE_OPTIONS:
            with suppress(OSError):  # FFmpeg will say so
                words[-1] = Path(value).read_text(encoding="utf-8", errors="replace")
    return "\n".join(words)
