"""The fixed grid of windows, and where scene cuts divide it (DESIGN 4.2)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from vsrealbasicvsr.errors import ClipError


@dataclass(frozen=True, slots=True)
class Window:
    """Frames start..stop are computed together; frames core_start..core_stop of them are kept.

    Frame numbers of the clip, stops exclusive.
    """

    start: int
    core_start: int
    core_stop: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.core_start < self.core_stop <= self.stop:
            raise ClipError(f"{self} is no window: it needs start <= core_start < core_stop <= stop.")

    @property
    def core(self) -> slice:
        """The core as a slice into the window's frames."""
        return slice(self.core_start - self.start, self.core_stop - self.start)


def window_at(frame: int, length: int, *, window: int, margin: int) -> Window:
    """The window whose core holds `frame`; it depends on nothing but these numbers.

    Args:
        frame: frame number, 0 to length - 1.
        length: frames of the clip.
        window: length of a core, at least 1.
        margin: frames of context on either side.
    """
    core_start = frame // window * window
    core_stop = min(core_start + window, length)
    return Window(max(core_start - margin, 0), core_start, core_stop, min(core_stop + margin, length))


def shot_at(frame: int, length: int, cuts: Sequence[int]) -> Window:
    """The whole shot that holds `frame`, as a window without margins; `cuts` must be sorted."""
    start = max((cut for cut in cuts if cut <= frame), default=0)
    stop = min((cut for cut in cuts if frame < cut < length), default=length)
    return Window(start, start, stop, stop)


def without_other_shots(window: Window, cuts: Container[int]) -> Window:
    """The window less the margin frames that a cut parts from the core: nothing reaches it from there."""
    start = next((n for n in range(window.core_start, window.start, -1) if n in cuts), window.start)
    stop = next((n for n in range(window.core_stop, window.stop) if n in cuts), window.stop)
    return Window(start, window.core_start, window.core_stop, stop)
