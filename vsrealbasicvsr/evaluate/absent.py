"""A figure that cannot be had: a dash with its reason, never a guess."""

from __future__ import annotations

from dataclasses import dataclass

from vsrealbasicvsr.errors import RestorationError


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands where a figure would stand."""

    reason: str


Figure = float | Absent


def reason_of(error: RestorationError) -> str:
    """The text of an error as a reason: one line, no full stop."""
    return " ".join(str(error).split()).rstrip(".")
