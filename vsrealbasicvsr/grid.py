"""Grids of settings: some settings take several values, and every combination is a variant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from math import prod

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import UNSEEN, Settings, kind_of

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting and its values, each value once."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of values in a grid.

    Attributes:
        settings: All settings.
        varied: The settings that the grid varies, with their values, in the order of the axes.
    """

    settings: Settings
    varied: Mapping[str, Value]

    @property
    def label(self) -> str:
        """The varied settings as NAME=VALUE; "restored" if no setting is varied."""
        return " ".join(f"{name}={shown(value)}" for name, value in self.varied.items()) or "restored"

    def words(self) -> dict[str, str]:
        """Return the settings in words; `UNSEEN` settings only if the grid varies them."""
        everything = asdict(self.settings).items()
        return {name: shown(value) for name, value in everything if name not in UNSEEN or name in self.varied}


def read_axis(text: str, *, without: Collection[str] = ()) -> Axis:
    """Parse an axis from `NAME=VALUE,VALUE,...`; the name may be spelt like its command-line flag.

    Args:
        text: The user's text.
        without: Names of settings that cannot be varied.

    Raises:
        SettingsError: there is no such setting, or a value is of the wrong kind.
    """
    left, _, listed = text.partition("=")
    name = left.strip().replace("-", "_")
    known = {item.name: kind_of(item) for item in fields(Settings) if item.name not in without}
    if name not in known:
        raise SettingsError(f"{text!r} varies no setting; write NAME=VALUE,VALUE, with {', '.join(known)}.")
    try:
        values = tuple(known[name](value.strip()) for value in listed.split(","))
    except ValueError:
        kind = "whole numbers" if known[name] is int else "numbers"
        raise SettingsError(f"{text!r}: {name} takes {kind}, with commas between them.") from None
    return Axis(name, tuple(dict.fromkeys(values)))


def variants(settings: Settings, axes: Sequence[Axis], *, limit: int | None = None) -> tuple[Variant, ...]:
    """Return every combination of the axes' values; the first axis changes slowest.

    Without axes, the only variant is `settings`.

    Args:
        settings: The values of all other settings.
        axes: The settings to vary.
        limit: Maximum number of variants.

    Raises:
        SettingsError: a value is out of its range, a setting stands in two axes, or there are too many
            combinations.
    """
    names = [axis.name for axis in axes]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise SettingsError(f"{repeated} is varied twice: write all of its values with commas between them.")
    count = prod(len(axis.values) for axis in axes)
    if limit is not None and count > limit:
        raise SettingsError(f"the grid has {count} combinations: give at most {limit}.")
    grid = (dict(zip(names, values, strict=True)) for values in product(*(axis.values for axis in axes)))
    return tuple(Variant(Settings.from_mapping({**asdict(settings), **varied}), varied) for varied in grid)


def shown(value: Value) -> str:
    """Return a value as a person writes it, without rounding."""
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() else repr(value)
