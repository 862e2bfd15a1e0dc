"""Our network with settings varied: every combination of the values given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr import axes
from vsrealbasicvsr.axes import Axis, Value, combinations, shown
from vsrealbasicvsr.settings import Settings

FIXED = ("device", "cuts")
"""Settings that cannot be varied: all run on one device, and a clip is one shot."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination.

    Attributes:
        name: in the tables.
        settings: all of them.
        values: of the axes, in their order.
    """

    name: str
    settings: Settings
    values: tuple[Value, ...]


def read_axis(text: str) -> Axis:
    """An axis that can be varied here; see `vsrealbasicvsr.axes`."""
    return axes.read_axis(text, without=FIXED)


def variants(settings: Settings, along: Sequence[Axis]) -> Iterator[Variant]:
    """Every combination of the axes' values, the first axis changing slowest; without axes one variant.

    Raises:
        SettingsError: a value is out of its range, or a setting stands in two axes.
    """
    for varied, values in combinations(settings, along):
        model = Path(varied.model).stem if Path(varied.model).suffix else varied.model
        words = [f"{name} {shown(value)}" for name, value in values.items() if name != "model"]
        yield Variant(", ".join([f"ours: {model}", *words]), varied, tuple(values.values()))
