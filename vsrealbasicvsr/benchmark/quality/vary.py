"""Our network with settings varied: every combination of the values given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings

Value = str | int | float
FIXED = ("device", "cuts")
"""Settings that cannot be varied: all run on one device, and a clip is one shot."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting and the values that it takes."""

    name: str
    values: tuple[Value, ...]


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
    """An axis from `NAME=VALUE,VALUE,...`; the name may be spelt as the flag is.

    Raises:
        SettingsError: there is no such setting, or a value is of the wrong kind.
    """
    before, _, listed = text.partition("=")
    wanted = before.strip().replace("-", "_")
    defaults: dict[str, Value] = {item.name: getattr(Settings(), item.name) for item in fields(Settings)}
    known = {name: type(value) for name, value in defaults.items() if name not in FIXED}
    if wanted not in known:
        raise SettingsError(f"{text!r} varies no setting; write NAME=VALUE,VALUE, with {', '.join(known)}.")
    try:
        values = tuple(known[wanted](value.strip()) for value in listed.split(","))
    except ValueError:
        kind = "whole numbers" if known[wanted] is int else "numbers"
        raise SettingsError(f"{text!r}: {wanted} takes {kind}, with commas between them.") from None
    return Axis(wanted, tuple(dict.fromkeys(values)))


def variants(settings: Settings, axes: Sequence[Axis]) -> Iterator[Variant]:
    """Every combination of the axes' values, the first axis changing slowest; without axes one variant.

    Raises:
        SettingsError: a value is out of its range.
    """
    for values in product(*(axis.values for axis in axes)):
        chosen: dict[str, Any] = dict(zip((axis.name for axis in axes), values, strict=True))
        varied = replace(settings, **chosen)
        model = Path(varied.model).stem if Path(varied.model).suffix else varied.model
        words = [f"{name} {shown(value)}" for name, value in chosen.items() if name != "model"]
        yield Variant(", ".join([f"ours: {model}", *words]), varied, values)


def shown(value: Value) -> str:
    """A value as people write it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
