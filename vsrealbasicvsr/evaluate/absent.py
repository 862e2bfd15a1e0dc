"""A missing figure with its reason; tables show it as a dash."""

from __future__ import annotations

from dataclasses import dataclass

from vsrealbasicvsr.errors import RestorationError


@dataclass(frozen=True, slots=True)
class Absent:
    """Takes the place of a figure that is not available."""

    reason: str


Figure = float | Absent


def reason_of(error: RestorationError) -> str:
    """Return the text of an error as a reason: one line, without a full stop at its end."""
    return " ".join(str(error).split()).rstrip(".")
