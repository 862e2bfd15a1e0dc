"""Types of option values: sizes, frame rates, key-value pairs and frame numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import click


class Size(click.ParamType[tuple[int, int]]):
    """A size WIDTHxHEIGHT in pixels."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return width and height from a text such as 1920x1080."""
        if isinstance(value, tuple):
            return value
        width, _, height = value.partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            self.fail(f"{value!r} is no size; write it as 1920x1080.", param, ctx)
        return int(width), int(height)


class Rate(click.ParamType[Fraction]):
    """A frame rate in frames per second, such as 25, 23.976 or 24000/1001."""

    name = "FPS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Return the rate as a fraction."""
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is no frame rate; write it as 25 or 24000/1001.", param, ctx)


class KeyValue(click.ParamType[tuple[str, str]]):
    """An encoder option KEY=VALUE."""

    name = "K=V"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return the key and the value."""
        if isinstance(value, tuple):
            return value
        key, equals, content = value.partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is no encoder option; write it as key=value.", param, ctx)
        return key, content


_MAX_DIGITS = 15  # enough for any film, and the number fits into 64 bits


class Numbers(click.ParamType[tuple[int, ...]]):
    """Frame numbers, separated by commas."""

    name = "N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers from a text such as 0,12,40."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and len(part) <= _MAX_DIGITS for part in parts):
            self.fail(f"{value!r} is no list of frame numbers; write it as 0,12,40.", param, ctx)
        return tuple(int(part) for part in parts)
