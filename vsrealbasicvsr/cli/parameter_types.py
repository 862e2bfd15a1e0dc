"""Values of options that are more than a number or a word."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import click


class Size(click.ParamType[tuple[int, int]]):
    """WIDTHxHEIGHT in pixels."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers of a text such as 1920x1080."""
        if isinstance(value, tuple):
            return value
        width, _, height = value.partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            self.fail(f"{value!r} is no size; write it as 1920x1080.", param, ctx)
        return int(width), int(height)


class Rate(click.ParamType[Fraction]):
    """Frames per second, as 25, 23.976 or 24000/1001."""

    name = "FPS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """The rate as a fraction."""
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is no frame rate; write it as 25 or 24000/1001.", param, ctx)


class KeyValue(click.ParamType[tuple[str, str]]):
    """An option of the encoder, KEY=VALUE."""

    name = "K=V"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Key and value."""
        if isinstance(value, tuple):
            return value
        key, equals, content = value.partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is no encoder option; write it as key=value.", param, ctx)
        return key, content


_MOST_DIGITS = 15  # years of frames, and no number that a machine's words cannot hold


class Numbers(click.ParamType[tuple[int, ...]]):
    """Frame numbers with commas between."""

    name = "N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers of a text such as 0,12,40."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and len(part) <= _MOST_DIGITS for part in parts):
            self.fail(f"{value!r} is no list of frame numbers; write it as 0,12,40.", param, ctx)
        return tuple(int(part) for part in parts)
