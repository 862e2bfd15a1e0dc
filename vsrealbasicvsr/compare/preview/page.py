"""The page of a preview: as large as its pictures need, for they may have taken hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vsrealbasicvsr.compare.comparison import MEGABYTE, Choices, Page, compare
from vsrealbasicvsr.compare.stills import Stills
from vsrealbasicvsr.errors import SettingsError

_COMMON, _NOISE = 0.25, 0.8
"""Bytes a pixel: what pictures of films take at a middle quality, and what pure noise takes at the lowest."""


def make_page(
    given: Sequence[Stills],
    numbers: tuple[int, ...],
    title: str,
    on_frame: Callable[[str, int], None],
    *,
    megabytes: float = 40.0,
) -> Page:
    """Compare the restored frames with those of the film.

    Args:
        given: The film first.
        numbers: Of the frames.
        title: Of the page.
        on_frame: See `compare`.
        megabytes: Of the page; it is larger only where its pictures are many and large.
    """

    def within(bytes_per_pixel: float) -> Page:
        limit = max(megabytes, pixels * bytes_per_pixel / MEGABYTE)
        return compare(given, Choices("number", numbers, title=title, size_limit=limit), on_frame=on_frame)

    pixels = sum(one.info.width * one.info.height * len(one.stills) for one in given)
    try:
        return within(_COMMON)
    except SettingsError:
        return within(_NOISE)
