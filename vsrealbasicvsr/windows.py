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


def core_stop_after(frame: int, window: int) -> int:
    """Where the core that holds `frame` ends in a clip without end; `window` is at least 1."""
    return (frame // window + 1) * window


def window_at(frame: int, length: int, *, window: int, margin: int, first: int = 0) -> Window:
    """The window whose core holds `frame`; it depends on nothing but these numbers.

    Args:
        frame: frame number, first to length - 1.
        length: frames of the clip.
        window: length of a core, at least 1.
        margin: frames of context on either side.
        first: frames before this one are not there; the grid begins at frame 0 all the same.
    """
    core_start = max(frame // window * window, first)
    core_stop = min(core_stop_after(frame, window), length)
    return Window(max(core_start - margin, first), core_start, core_stop, min(core_stop + margin, length))


def shot_at(frame: int, length: int, cuts: Sequence[int], *, first: int = 0) -> Window:
    """The whole shot that holds `frame`, as a window without margins; `cuts` must be sorted.

    Frames before `first` are not there.
    """
    start = max((cut for cut in cuts if first < cut <= frame), default=first)
    stop = min((cut for cut in cuts if frame < cut < length), default=length)
    return Window(start, start, stop, stop)


def without_other_shots(window: Window, cuts: Container[int]) -> Window:
    """The window less the margin frames that a cut parts from the core: nothing reaches it from there."""
    start = next((n for n in range(window.core_start, window.start, -1) if n in cuts), window.start)
    stop = next((n for n in range(window.core_stop, window.stop) if n in cuts), window.stop)
    return Window(start, window.core_start, window.core_stop, stop)


def first_core(first: int, core_start: int | None, window: int) -> int:
    """Where the first core begins when the clip's first frames, or its first windows, are left out.

    Args:
        first: number of the first frame that is there.
        core_start: number of the first frame to keep; None is `first`.
        window: length of a core; 0 takes whole shots.

    Raises:
        ClipError: a core begins neither at `first` nor, where windows have a length, on a later grid line.
    """
    if first < 0:
        raise ClipError(f"first must be a frame number, from 0, not {first}.")
    if core_start is None or core_start == first:
        return first
    if not window:
        raise ClipError(
            f"With window=0 core_start must be {first}, the first frame handed in, not {core_start}."
        )
    if core_start < first or core_start % window:
        raise ClipError(
            f"core_start must be {first}, the first frame handed in, or a later multiple of {window}, "
            f"the window, not {core_start}."
        )
    return core_start
