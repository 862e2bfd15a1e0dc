"""The frames that must go through the network so that the selected ones are as in the whole film."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window, core_stop_after, shot_at, window_at, without_other_shots


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames that are restored together.

    Attributes:
        window: All frames that influence the selected frames, of one shot; its core goes from the first to
            the last selected frame.
        numbers: Numbers of the selected frames, rising.
    """

    window: Window
    numbers: tuple[int, ...]


def pieces(
    numbers: Iterable[int], length: int, settings: Settings, cuts: Collection[int]
) -> tuple[Piece, ...]:
    """Return the selected frames with the context that they have in a restoration of the whole film.

    A restored frame depends on where its context begins and ends. The grid of windows and the cuts determine
    this. Frames with the same context therefore form one piece, and the rest of their core is not restored.

    Args:
        numbers: Numbers of the selected frames.
        length: Number of frames of the film; if it is unknown, any number beyond their windows.
        settings: `window` and `margin` are read.
        cuts: Numbers of the frames that start a shot.
    """
    selected_by_context: dict[tuple[int, int], list[int]] = {}
    for number in sorted(set(numbers)):
        whole = _whole(number, length, settings, cuts)
        part = without_other_shots(Window(whole.start, number, number + 1, whole.stop), cuts)
        selected_by_context.setdefault((part.start, part.stop), []).append(number)
    return tuple(
        Piece(Window(start, selected[0], selected[-1] + 1, stop), tuple(selected))
        for (start, stop), selected in selected_by_context.items()
    )


def may_start(number: int, settings: Settings, *, cut: bool) -> bool:
    """Return whether a piece can start with a frame; `cut` is whether a shot starts with it."""
    on_grid = settings.window > 0 and (number + settings.margin) % settings.window == 0
    return number == 0 or cut or on_grid


def reach(number: int, settings: Settings) -> int | None:
    """Return the number of frames to read for a selected one; None if only a cut ends its context."""
    if not settings.window:
        return None
    return core_stop_after(number, settings.window) + settings.margin


def _whole(number: int, length: int, settings: Settings, cuts: Collection[int]) -> Window:
    if not settings.window:
        return shot_at(number, length, sorted(cuts))
    return window_at(number, length, window=settings.window, margin=settings.margin)
