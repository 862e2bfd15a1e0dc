"""One line of the report: the subject, its state, and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A result of a probe.

    Attributes:
        state: `ok`; `note` for a problem in some uses only; `trouble` for one that stops or spoils most work.
        subject: The thing that was examined, in one or two words.
        text: Its condition.
        advice: What to do, in one sentence; empty if there is nothing to do.
    """

    state: State
    subject: str
    text: str
    advice: str = ""
