"""Reading of TOML files and `--set` assignments into a `Stage`; writing of a `Stage` as TOML."""

from __future__ import annotations

import json
import tomllib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.options import build, require
from training.stage import Stage

SHIPPED = Path(__file__).parent / "stages"


def read_stage(files: Sequence[Path], assignments: Sequence[str] = ()) -> Stage:
    """Read a stage. Later files override earlier files, and assignments override all files.

    Args:
        files: TOML files. A relative name that is not a file here is looked up among the shipped stages.
        assignments: `dotted.name=value` with the value in TOML notation; a bare word is read as text.

    Raises:
        TrainingError: a file cannot be read, or a name or value is refused.
    """
    table: dict[str, Any] = {}
    for file in files:
        table = _merged(table, _read(file), Stage)
    for assignment in assignments:
        table = _merged(table, _assigned(assignment), Stage)
    require(
        "iterations" in table,
        "The configuration says nothing of iterations; begin with stage1.toml or stage2.toml.",
    )
    return build(Stage, table)


def written(stage: Stage) -> str:
    """Return the whole stage as TOML, including defaults. `read_stage` reads it back as an equal stage."""
    return "\n".join(_lines(stage, "")).strip() + "\n"


def _read(file: Path) -> dict[str, Any]:
    source = file if file.is_file() or file.is_absolute() else SHIPPED / file
    if not source.is_file():
        shipped = ", ".join(sorted(str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.toml")))
        raise TrainingError(f"There is no configuration {file}; shipped are {shipped}.")
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{source} is no TOML: {error}.") from error
    except OSError as error:
        raise TrainingError(f"{source} cannot be read: {error.strerror}.") from error


def _assigned(assignment: str) -> dict[str, Any]:
    name, sign, text = assignment.partition("=")
    require(
        bool(sign and name.strip()),
        f"--set takes name=value such as optimizer.learning_rate=2e-4, not {assignment!r}.",
    )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for part in reversed(name.strip().split(".")):
        value = {part: value}
    return dict(value)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Merge two tables; options in `above` override options of the same name in `below`.

    Tables of options are merged recursively. A table of weights is replaced as a whole, in the same way as it
    replaces its default.
    """
    hints = typing.get_type_hints(kind)
    both = dict(below)
    for name, value in above.items():
        inner = _options_in(hints.get(name))
        if inner and isinstance(value, Mapping) and isinstance(both.get(name), Mapping):
            value = _merged(both[name], value, inner)
        both[name] = value
    return both


def _options_in(hint: Any) -> type | None:
    kinds = (part for part in (hint, *typing.get_args(hint)) if isinstance(part, type))
    return next((kind for kind in kinds if is_dataclass(kind)), None)


def _lines(table: Any, place: str) -> Iterator[str]:
    values = {item.name: getattr(table, item.name) for item in fields(table)}
    nested = {name: value for name, value in values.items() if is_dataclass(value) and not _is_flat(value)}
    for name, value in values.items():
        if name not in nested and value is not None:
            yield f"{name} = {_value(value)}"
    for name, value in nested.items():
        below = f"{place}.{name}".lstrip(".")
        yield f"\n[{below}]"
        yield from _lines(value, below)


def _is_flat(table: Any) -> bool:
    """Return whether a table is small enough for one line: fewer than five fields, all numbers."""
    return (
        all(isinstance(getattr(table, item.name), int | float) for item in fields(table))
        and len(fields(table)) < 5
    )


def _value(value: Any) -> str:
    if is_dataclass(value):
        return _value({item.name: getattr(value, item.name) for item in fields(value)})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
