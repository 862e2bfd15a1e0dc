"""Building of frozen dataclasses from TOML tables, with strict checks of names, types and nesting.

Each part of the training has its options in a frozen dataclass beside it; `build` fills the dataclass. Limits
that a type cannot express are checked by the dataclass in `__post_init__`, with `require`.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal

from training.errors import TrainingError


def require(condition: bool, message: str) -> None:
    """Raise `TrainingError(message)` if the condition is false."""
    if not condition:
        raise TrainingError(message)


def build[T](kind: type[T], values: Mapping[str, Any], place: str = "", base: T | None = None) -> T:
    """Build a dataclass of options from a table and its nested tables.

    Args:
        kind: a dataclass whose fields are numbers, texts, truth values, `Literal`s, unions of these,
            tuples, tables of numbers, or dataclasses.
        values: the table, as `tomllib` reads it.
        place: dotted name of the table, for error messages.
        base: source of the values that are missing in the table; None uses the fields' defaults.

    Raises:
        TrainingError: a name is unknown, a value has the wrong type, or the dataclass refuses a value.
    """
    hints = typing.get_type_hints(kind)
    known = [item.name for item in fields(kind) if item.init]  # type: ignore[arg-type] # T is a dataclass
    unknown = next((name for name in values if name not in known), None)
    if unknown is not None:
        where = f"[{place}]" if place else "the configuration"
        raise TrainingError(f"There is no option {unknown!r} in {where}; there are {', '.join(known)}.")
    defaults = {item.name: item.default for item in fields(kind)}  # type: ignore[arg-type] # as above
    arguments = {}
    for name, value in values.items():
        below = getattr(base, name) if base is not None else defaults[name]
        arguments[name] = _value(hints[name], value, f"{place}.{name}".lstrip("."), below)
    try:
        return kind(**arguments) if base is None else replace(base, **arguments)  # type: ignore[type-var] # as above
    except TrainingError as error:
        raise TrainingError(f"{place}: {error}" if place else str(error)) from None


def _value(hint: Any, value: Any, place: str, base: object = None) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if is_dataclass(hint):
        require(isinstance(value, Mapping), f"{place} must be a table, not {value!r}.")
        kind = typing.cast("type[Any]", hint)
        return build(kind, value, place, base if isinstance(base, kind) else None)
    if origin in (types.UnionType, typing.Union):
        return _union(parts, value, place)
    if origin is Literal:
        matches = any(value == part and type(value) is type(part) for part in parts)
        choices = ", ".join(map(_written, parts))
        require(matches, f"{place} must be one of {choices}, not {_written(value)}.")
        return value
    if origin is tuple:
        return _tuple(parts, value, place)
    if origin is dict:
        require(isinstance(value, Mapping), f"{place} must be a table, not {value!r}.")
        return {
            _value(parts[0], key, place): _value(parts[1], item, f"{place}.{key}")
            for key, item in value.items()
        }
    if hint is float and type(value) is int:
        return float(value)
    kinds = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    require(type(value) is hint, f"{place} must be {kinds.get(hint, hint)}, not {_written(value)}.")
    require(hint is not float or math.isfinite(value), f"{place} must be a finite number, not {value}.")
    return value


def _union(parts: tuple[Any, ...], value: Any, place: str) -> Any:
    table = next((part for part in parts if is_dataclass(part)), None)
    if table is not None and isinstance(value, Mapping):
        # The error of the dataclass says more than "none of several types".
        return _value(table, value, place)
    reasons = []
    for part in parts:
        try:
            return _value(part, value, place)
        except TrainingError as error:
            reasons.append(str(error).removeprefix(f"{place} must be ").partition(", not ")[0])
    raise TrainingError(f"{place} must be {' or '.join(reasons)}, not {_written(value)}.")


def _tuple(parts: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    require(isinstance(value, list | tuple), f"{place} must be a list, not {_written(value)}.")
    if len(parts) == 2 and parts[1] is Ellipsis:
        parts = (parts[0],) * len(value)
    require(len(parts) == len(value), f"{place} must list {len(parts)} values, not {len(value)}.")
    return tuple(_value(part, item, place) for part, item in zip(parts, value, strict=True))


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
