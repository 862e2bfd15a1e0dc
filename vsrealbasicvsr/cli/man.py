"""The manual page, generated from the help of the commands; `make man` writes it into man/.

One page holds all commands, so that a reader can search it. click-man writes one page for each command, and
it would have to be installed when a wheel is built.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from vsrealbasicvsr import __version__
from vsrealbasicvsr.cli.main import main
from vsrealbasicvsr.weights.known import CACHE_VARIABLE

_SPECIAL = str.maketrans({
    "\\": r"\e", "-": r"\-", "`": r"\(ga", "'": r"\(aq", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq",
})  # fmt: skip
"""Characters that a terminal would show as typographic ones; a command copied from there would not run."""

EXIT_CODES = (
    ("0", "Done."),
    ("1", "It could not be done, or not all of it: one line says why."),
    ("2", "Wrong usage."),
    ("3", "Done, but frames of the source could not be decoded and are missing."),
    ("129, 130, 143", "Stopped by SIGHUP, Ctrl-C, SIGTERM; what is done is kept."),
)
ENVIRONMENT = (
    (CACHE_VARIABLE, "The folder where fetched weights are kept."),
    ("OMP_NUM_THREADS", "Threads on the CPU; all cores where it is not set."),
)
FILES = (("OUT.parts", "What is done of an unfinished restoration: segments, journal.jsonl and log.txt."),)


def page(program: click.Group, name: str) -> str:
    """Return the manual page of a program and all its commands, in the language of man(7).

    Args:
        program: the group of its commands.
        name: the name that users type.
    """
    context = click.Context(program, info_name=name)
    lines = [
        f'.TH {name.upper()} 1 "" "{name} {__version__}" "User Commands"',
        ".SH NAME",
        f"{name} {_text('-')} {_text(_summary(program))}",
        ".SH SYNOPSIS",
        f".B {name}",
        f".I {_text('COMMAND ...')}",
        ".SH DESCRIPTION",
        *_paragraphs(program.help or ""),
        ".SH COMMANDS",
    ]
    for command, inner in _commands(program, context):
        lines += _command(command, inner)
    for title, entries in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES), ("EXIT STATUS", EXIT_CODES)):
        lines.append(f".SH {title}")
        for term, meaning in entries:
            lines += _entry(term, meaning)
    lines += [".SH SEE ALSO", ".BR ffmpeg (1),", ".BR mpv (1)"]
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield the commands of a group; the commands of a subgroup follow it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, context, info_name=name, **command.context_settings)
        yield command, inner
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f'.SS "{_text(usage)}"'
    yield from _paragraphs(command.help or "")
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            yield from _entry(*record)
    if command.epilog:
        yield from _paragraphs(command.epilog)


def _entry(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", f'.B "{_text(term)}"', *_lines(meaning))


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; click's mark, a backspace at the start, keeps the line breaks."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        yield ".PP"
        if paragraph.startswith("\b"):
            yield from (".EX", *_lines(paragraph.removeprefix("\b\n")), ".EE")
        else:
            yield from _lines(paragraph)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, escaped so that none is a roff request."""
    for line in text.splitlines():
        written = _text(line)
        yield rf"\&{written}" if written.startswith((".", "\\(aq")) else written


def _text(text: str) -> str:
    return text.translate(_SPECIAL)


def _summary(command: click.Command) -> str:
    first = (command.help or "").partition("\n")[0].rstrip(".")
    return first[:1].lower() + first[1:]


if __name__ == "__main__":
    sys.stdout.write(page(main, "vsrealbasicvsr"))
