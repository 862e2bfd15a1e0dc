"""Settings that take several values: `NAME=VALUE,VALUE` read, and every combination of them made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings, kind_of

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting and the values that it takes, each once."""

    name: str
    values: tuple[Value, ...]


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


def combinations(settings: Settings, axes: Sequence[Axis]) -> Iterator[tuple[Settings, Mapping[str, Value]]]:
    """Every combination of the axes' values, the first axis changing slowest; without axes `settings` alone.

    Yields:
        The settings, and those values of them that the axes gave, in their order.

    Raises:
        SettingsError: a value is out of its range, or a setting stands in two axes.
    """
    names = [axis.name for axis in axes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{twice} is varied twice: write all of its values with commas between them.")
    for values in product(*(axis.values for axis in axes)):
        chosen = dict(zip(names, values, strict=True))
        yield Settings.from_mapping({**asdict(settings), **chosen}), chosen


def shown(value: Value) -> str:
    """A value as people write it, and exactly."""
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() else repr(value)
