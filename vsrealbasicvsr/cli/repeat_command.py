"""The arguments of a command, to call it again; and numbers with their nouns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import click

_KEY = f"{__name__}.words"


def counted(number: int, what: str) -> str:
    """Return a number with its noun, such as "1 frame" or "2 frames"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


class Repeatable(click.Command):
    """A command that stores its arguments for `words_again`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Store the arguments, and parse them as click does."""
        ctx.meta[_KEY] = tuple(args)
        return super().parse_args(ctx, args)


def words_again(
    context: click.Context, *, without: Collection[str] = (), instead: Mapping[str, str] | None = None
) -> list[str]:
    """Return the arguments and options as the user wrote them, in the order of --help.

    Args:
        context: The context of a `Repeatable`.
        without: Names of parameters to leave out.
        instead: Values of options by parameter name. They replace or extend the user's options.
    """
    command, instead = context.command, instead or {}
    values, _, _ = command.make_parser(context).parse_args(args=list(context.meta[_KEY]))
    values = {**{name: value for name, value in values.items() if name not in without}, **instead}
    arguments: list[str] = []
    options: list[str] = []
    for parameter in command.params:
        value = values.get(parameter.name or "")
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
    for item in value if isinstance(value, list) else [value]:
        yield option.opts[0]
        yield item
