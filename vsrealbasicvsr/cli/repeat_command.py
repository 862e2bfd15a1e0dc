"""Words: how many of what; and what a command was called with, to call it again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import click

_KEY = f"{__name__}.words"


def counted(number: int, what: str) -> str:
    """Such as "1 frame" and "2 frames"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


class Repeatable(click.Command):
    """Keeps its words for `words_again`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        ctx.meta[_KEY] = tuple(args)
        return super().parse_args(ctx, args)


def words_again(
    context: click.Context, *, without: Collection[str] = (), instead: Mapping[str, str] | None = None
) -> list[str]:
    """Arguments and options as they were written, in the order of --help.

    Args:
        context: Of a `Repeatable`.
        without: Names of parameters to leave out.
        instead: Values for options by their parameters' names, whether they were given or not.
    """
    command, instead = context.command, instead or {}
    given, _, _ = command.make_parser(context).parse_args(args=list(context.meta[_KEY]))
    given = {**{name: value for name, value in given.items() if name not in without}, **instead}
    arguments: list[str] = []
    options: list[str] = []
    for parameter in command.params:
        value = given.get(parameter.name or "")
        if isinstance(parameter, click.Argument):
            arguments.append(str(value))
        elif isinstance(parameter, click.Option) and isinstance(value, str | bool | list):
            options += _option(parameter, value)
    if any(word.startswith("-") for word in arguments):
        return [*options, "--", *arguments]
    return [*arguments, *options]


def _option(option: click.Option, value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield option.opts[0]
        return
    for one in value if isinstance(value, list) else [value]:
        yield option.opts[0]
        yield one
