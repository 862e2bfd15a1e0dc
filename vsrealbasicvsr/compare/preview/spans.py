"""Which frames must go through the network so that the chosen ones come out as in the whole film."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window, core_stop_after, shot_at, window_at, without_other_shots


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames restored together.

    Attributes:
        window: All that reaches the chosen frames, of one shot; its core goes from the first to the last
            of them.
        numbers: The chosen frames, rising.
    """

    window: Window
    numbers: tuple[int, ...]


def pieces(
    numbers: Iterable[int], length: int, settings: Settings, cuts: Collection[int]
) -> tuple[Piece, ...]:
    """The chosen frames with the context that they have in a restoration of the whole film.

    A restored frame is a function of where its context begins and ends, which the grid of windows and the
    cuts tell. So those with the same context make one piece, and the rest of the core need not be made.

    Args:
        numbers: The chosen frames.
        length: Frames of the film, or, where that is not known, any number beyond their windows.
        settings: `window` and `margin` are read.
        cuts: Numbers of the frames that start a shot.
    """
    found: dict[tuple[int, int], list[int]] = {}
    for number in sorted(set(numbers)):
        whole = _whole(number, length, settings, cuts)
        part = without_other_shots(Window(whole.start, number, number + 1, whole.stop), cuts)
        found.setdefault((part.start, part.stop), []).append(number)
    return tuple(
        Piece(Window(start, inside[0], inside[-1] + 1, stop), tuple(inside))
        for (start, stop), inside in found.items()
    )


def may_start(number: int, settings: Settings, *, cut: bool) -> bool:
    """Whether a piece can start with a frame; `cut`: a shot does."""
    on_grid = settings.window > 0 and (number + settings.margin) % settings.window == 0
    return number == 0 or cut or on_grid


def reach(number: int, settings: Settings) -> int | None:
    """Frames of the film that must be known for a chosen one; None where a cut ends its context."""
    if not settings.window:
        return None
    return core_stop_after(number, settings.window) + settings.margin


def _whole(number: int, length: int, settings: Settings, cuts: Collection[int]) -> Window:
    if not settings.window:
        return shot_at(number, length, sorted(cuts))
    return window_at(number, length, window=settings.window, margin=settings.margin)
