"""The node's options: the settings, written like the options of FFmpeg's filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from vsrealbasicvsr.errors import GraphError, SettingsError
from vsrealbasicvsr.ffmpeg.graph.cut import NAME
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, arguments_of
from vsrealbasicvsr.settings import Settings, default_of, kind_of


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Return whether a command has the argument `realbasicvsr=help`, or is `-h filter=realbasicvsr`."""
    is_filter_help = f"filter={NAME}" in arguments and bool({"-h", "-help", "--help", "-?"} & {*arguments})
    return is_filter_help or f"{NAME}=help" in map(str.strip, arguments)


def is_help(item: Filter) -> bool:
    """Return whether a node asks for help instead of restored frames."""
    return [*arguments_of(item)] == [(None, "help")]


def settings_of(item: Filter, text: str) -> Settings:
    """Return the settings of a node: `name=value`, or values alone in the order of `Settings`.

    Args:
        item: The node.
        text: The graph as the user wrote it, for error messages.

    Raises:
        GraphError: an option is unknown or given twice, or its value is refused.
    """

    def refused(what: str) -> GraphError:
        return GraphError.at(what, text, item.position)

    kinds = {item.name: kind_of(item) for item in fields(Settings)}
    values: dict[str, int | float | str] = {}
    places = iter(kinds)
    named = False
    for name, value in arguments_of(item):
        if name == "enable":
            raise refused(
                f"{NAME} cannot be switched on and off by enable=; split the command by -ss and -to"
            )
        if name is None:
            if named:
                raise refused(f"{value!r} has no name; after a named option each needs one")
            name = next(places, "")
            if not name:
                raise refused(f"{value!r} is one value too many; there are {len(kinds)} options")
        else:
            named = True
        if name not in kinds:
            raise refused(f"{NAME} has no option {name!r}; there are {', '.join(kinds)}")
        if name in values:
            raise refused(f"{name} is given twice")
        try:
            values[name] = kinds[name](value)
        except ValueError:
            kind = "a whole number" if kinds[name] is int else "a number"
            raise refused(f"{name} must be {kind}, not {value!r}") from None
    try:
        return Settings.from_mapping(values)
    except SettingsError as error:
        raise refused(str(error).rstrip(".")) from error


def options_help() -> str:
    """Return the text that `realbasicvsr=help` prints."""
    lines = [
        f"Filter {NAME}",
        "  Restore video to four times its size. Give the settings as name=value:value..., or help.",
        "",
    ]
    for each in fields(Settings):
        rule = each.metadata
        kind = {int: "<int>", float: "<float>", str: "<string>"}[kind_of(each)]
        unit = f" [{rule['unit']}]" if rule["unit"] else ""
        low_high = "" if rule["low"] == float("-inf") else f" (from {rule['low']:g} to {rule['high']:g})"
        default = f" (default {default_of(each)})"
        lines.append(f"   {each.name:<12} {kind:<9} {rule['help']}{unit}{low_high}{default}")
    return "\n".join(lines)
