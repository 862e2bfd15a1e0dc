"""A grid of settings: some of them take several values, and every combination is a variant."""

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
    """A setting and the values that it takes, each once."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of the grid.

    Attributes:
        settings: All settings.
        varied: Those that the grid varies, in the order of the axes.
    """

    settings: Settings
    varied: Mapping[str, Value]

    @property
    def label(self) -> str:
        """The varied settings as NAME=VALUE; "restored" without a grid."""
        return " ".join(f"{name}={shown(value)}" for name, value in self.varied.items()) or "restored"

    def words(self) -> dict[str, str]:
        """Settings in words, without those that do not change the pictures, unless the grid varies them."""
        everything = asdict(self.settings).items()
        return {name: shown(value) for name, value in everything if name not in UNSEEN or name in self.varied}


def read_axis(text: str, *, without: Collection[str] = ()) -> Axis:
    """An axis from `NAME=VALUE,VALUE,...`; the name may be spelt as the flag is.

    Args:
        text: What the user wrote.
        without: Settings that cannot be varied.

    Raises:
        SettingsError: there is no such setting, or a value is of the wrong kind.
    """
    before, _, listed = text.partition("=")
    wanted = before.strip().replace("-", "_")
    known = {item.name: kind_of(item) for item in fields(Settings) if item.name not in without}
    if wanted not in known:
        raise SettingsError(f"{text!r} varies no setting; write NAME=VALUE,VALUE, with {', '.join(known)}.")
    try:
        values = tuple(known[wanted](value.strip()) for value in listed.split(","))
    except ValueError:
        kind = "whole numbers" if known[wanted] is int else "numbers"
        raise SettingsError(f"{text!r}: {wanted} takes {kind}, with commas between them.") from None
    return Axis(wanted, tuple(dict.fromkeys(values)))


def variants(settings: Settings, axes: Sequence[Axis], *, limit: int | None = None) -> tuple[Variant, ...]:
    """Every combination of the axes' values; the first axis changes slowest. Without axes, `settings` alone.

    Args:
        settings: The values of all other settings.
        axes: The settings to vary.
        limit: How many variants are allowed.

    Raises:
        SettingsError: a value is out of its range, a setting stands in two axes, or there are too many
            combinations.
    """
    names = [axis.name for axis in axes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{twice} is varied twice: write all of its values with commas between them.")
    count = prod(len(axis.values) for axis in axes)
    if limit is not None and count > limit:
        raise SettingsError(f"the grid has {count} combinations: give at most {limit}.")
    chosen = (dict(zip(names, values, strict=True)) for values in product(*(axis.values for axis in axes)))
    return tuple(Variant(Settings.from_mapping({**asdict(settings), **varied}), varied) for varied in chosen)


def shown(value: Value) -> str:
    """A value as people write it, and exactly."""
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() else repr(value)
