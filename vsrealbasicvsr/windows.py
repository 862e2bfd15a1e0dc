"""The fixed grid of windows, and its division by scene cuts (ARCHITECTURE.md, "Windows")."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from vsrealbasicvsr.errors import ClipError


@dataclass(frozen=True, slots=True)
class Window:
    """Frames start..stop are computed together; of these, frames core_start..core_stop are kept.

    All are frame numbers of the clip; stops are exclusive.
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
    """Return where the core that holds `frame` ends in an endless clip; `window` is at least 1."""
    return (frame // window + 1) * window


def window_at(frame: int, length: int, *, window: int, margin: int, first: int = 0) -> Window:
    """Return the window whose core holds `frame`; it depends only on these numbers.

    Args:
        frame: Frame number, first to length - 1.
        length: Number of frames of the clip.
        window: Length of a core in frames, at least 1.
        margin: Frames of context on either side.
        first: Number of the first frame that exists; the grid begins at frame 0 even so.
    """
    core_start = max(frame // window * window, first)
    core_stop = min(core_stop_after(frame, window), length)
    return Window(max(core_start - margin, first), core_start, core_stop, min(core_stop + margin, length))


def shot_at(frame: int, length: int, cuts: Sequence[int], *, first: int = 0) -> Window:
    """Return the whole shot that holds `frame`, as a window without margins; `cuts` must be sorted.

    Frames before `first` do not exist.
    """
    start = max((cut for cut in cuts if first < cut <= frame), default=first)
    stop = min((cut for cut in cuts if frame < cut < length), default=length)
    return Window(start, start, stop, stop)


def without_other_shots(window: Window, cuts: Container[int]) -> Window:
    """Return the window without margin frames that belong to other shots; they cannot affect the core."""
    start = next((n for n in range(window.core_start, window.start, -1) if n in cuts), window.start)
    stop = next((n for n in range(window.core_stop, window.stop) if n in cuts), window.stop)
    return Window(start, window.core_start, window.core_stop, stop)


def first_core(first: int, core_start: int | None, window: int) -> int:
    """Return where the first core begins if the clip's first frames, or its first windows, are left out.

    Args:
        first: Number of the first frame that exists.
        core_start: Number of the first frame to keep; None is `first`.
        window: Length of a core in frames; 0 is the whole shot.

    Raises:
        ClipError: `first` is negative; or `core_start` is neither `first` nor, if `window` is not 0, a later
            multiple of `window`.
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
