"""The note in a restored file on how it was made: one line, written like the command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from vsrealbasicvsr import __version__
from vsrealbasicvsr.grid import shown
from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.settings import UNSEEN, Settings

_PROGRAM = "vsrealbasicvsr"
_DELIVERY = ("size", "scale", "kernel", "light", "deinterlace", "rate")  # options that change the pictures


def note(settings: Settings, delivery: Delivery) -> str:
    """Return program, version, weights, and every option that is not the default; files without folders."""
    words = [_PROGRAM, __version__, "--model", Path(settings.model).name]
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if item.name == "cuts":
            value = Path(value).name
        if item.name not in ("model", *UNSEEN) and value != item.default:
            words += [_flag(item.name), _text(value)]
    for name in _DELIVERY:
        value = getattr(delivery, name)
        if value != getattr(Delivery(), name):
            words += [_flag(name), _text(value)]
    return shlex.join(words)


def settings_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the version and options of a note in a file's tags, by name; empty if there is no note."""
    for text in tags.values():
        if text.startswith(f"{_PROGRAM} "):
            try:
                _, version, *words = shlex.split(text)
            except ValueError:  # truncated, or another program's text
                continue
            flags, values = words[::2], words[1::2]
            named = {flag.removeprefix("--"): value for flag, value in zip(flags, values, strict=False)}
            return {"version": version, **named}
    return {}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else shown(value)
