"""One line of a report: what was looked at, how it stands, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found.

    Attributes:
        state: `ok`; `note`, which hinders only some; `trouble`, which stops or spoils most work.
        subject: What was looked at, in a word or two.
        text: How it is.
        advice: What to do, one sentence; empty where there is nothing to do.
    """

    state: State
    subject: str
    text: str
    advice: str = ""
