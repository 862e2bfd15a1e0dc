"""Shell completion for options: names of weights, devices and files. It loads nothing heavy."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from vsrealbasicvsr.weights.known import KNOWN

_GPUS = Path("/dev")


def weights(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the names of known weights, with their descriptions."""
    return [
        CompletionItem(known.name, help=known.description)
        for known in KNOWN
        if known.name.startswith(incomplete)
    ]


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave the completion of file names to the shell."""
    return [CompletionItem(incomplete, type="file")]


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the names of known weights, or files if no name matches."""
    return weights(context, parameter, incomplete) or files(context, parameter, incomplete)


def devices(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the devices of this machine, also after a comma; GPUs are listed from /dev, without torch."""
    before, comma, last = incomplete.rpartition(",")
    numbers = sorted(path.name.removeprefix("nvidia") for path in _GPUS.glob("nvidia[0-9]*"))
    names = ["auto", "cpu", "cuda", *(f"cuda:{number}" for number in numbers)]
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(last)]
