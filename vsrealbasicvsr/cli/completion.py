"""What the shell offers behind an option: names of weights and devices, files. Loads nothing heavy."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from vsrealbasicvsr.weights.known import KNOWN

_GPUS = Path("/dev")


def weights(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Names of known weights, with what they are."""
    return [
        CompletionItem(known.name, help=known.description)
        for known in KNOWN
        if known.name.startswith(incomplete)
    ]


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell, which knows files."""
    return [CompletionItem(incomplete, type="file")]


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Names of known weights, and files where none begins so."""
    return weights(context, parameter, incomplete) or files(context, parameter, incomplete)


def devices(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Devices of this machine, also behind a comma; GPUs as the system tells them, without torch."""
    before, comma, last = incomplete.rpartition(",")
    numbers = sorted(path.name.removeprefix("nvidia") for path in _GPUS.glob("nvidia[0-9]*"))
    names = ["auto", "cpu", "cuda", *(f"cuda:{number}" for number in numbers)]
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(last)]
