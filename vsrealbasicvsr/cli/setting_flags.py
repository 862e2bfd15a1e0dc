"""The settings as flags of a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import click

from vsrealbasicvsr.cli import completion
from vsrealbasicvsr.settings import Settings, default_of, kind_of

_COMPLETIONS = {"model": completion.models, "device": completion.devices, "cuts": completion.files}


def settings_options[F: Callable[..., Any]](command: F, *, without: Sequence[str] = ()) -> F:
    """Add a flag for each field of `Settings`, with its default, unit and help, except those in `without`."""
    for item in reversed([item for item in fields(Settings) if item.name not in without]):
        choices = item.metadata["choices"]
        unit = f" [{item.metadata['unit']}]" if item.metadata["unit"] else ""
        command = click.option(
            f"--{item.name.replace('_', '-')}",
            item.name,
            type=click.Choice(choices) if choices else kind_of(item),
            default=item.default,
            show_default=True if item.default is not None else default_of(item),
            help=item.metadata["help"][0].upper() + item.metadata["help"][1:] + unit + ".",
            shell_complete=_COMPLETIONS.get(item.name),
        )(command)
    return command
