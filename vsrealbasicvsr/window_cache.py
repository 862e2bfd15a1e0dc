"""Frames that arrive in order, and the windows that can be made of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from vsrealbasicvsr.windows import Window


class WindowCache[T]:
    """Takes frames in order, says which window is complete, and forgets frames that no later window needs.

    A clip is divided into cores, one after the other. The caller says where each core ends, before or after
    that frame arrives. A core's window has up to `margin` frames of context on either side; a scene cut ends
    the context. Held are the frames from the context of the next window on.

    Args:
        margin: Frames of context on either side of a core.
        first: Number of the first frame that arrives.
        core_start: Number of the first frame of the first core; the frames before it are context. None is
            `first`.

    Attributes:
        start: Number of the first frame that is held.
        cuts: Numbers of the held frames that start a shot.
    """

    def __init__(self, margin: int, first: int = 0, core_start: int | None = None) -> None:
        self.start = first
        self.cuts: set[int] = set()
        self._margin = margin
        self._core_start = first if core_start is None else core_start
        self._core_stops: deque[int] = deque()
        self._items: deque[T] = deque()
        self._ended = False

    @property
    def stop(self) -> int:
        """Number of the next frame to arrive."""
        return self.start + len(self._items)

    @property
    def core_start(self) -> int:
        """Number of the first frame of the next window's core."""
        return self._core_start

    @property
    def last(self) -> T | None:
        """The newest frame; None if none is held."""
        return self._items[-1] if self._items else None

    def take(self, item: T, *, cut: bool) -> None:
        """Add the next frame; `cut`: it starts a shot."""
        if cut:
            self.cuts.add(self.stop)
        self._items.append(item)

    def close(self, stop: int) -> None:
        """Say that a core ends before frame `stop`. The next core begins there."""
        if stop > (self._core_stops[-1] if self._core_stops else self._core_start):
            self._core_stops.append(stop)

    def end(self) -> None:
        """Say that the clip has no more frames; its last core ends here."""
        self._ended = True
        while self._core_stops and self._core_stops[-1] >= self.stop:
            self._core_stops.pop()
        self.close(self.stop)

    def next(self) -> Window | None:
        """The next window, if its core is closed and its context is complete; otherwise None.

        Each window is returned once. Its frames are held until `forget` is called.
        """
        if not self._core_stops:
            return None
        core_start, core_stop = self._core_start, self._core_stops[0]
        stop = self._context_stop(core_stop)
        if stop is None:
            return None
        window = Window(self._context_start(core_start), core_start, core_stop, stop)
        self._core_start = self._core_stops.popleft()
        return window

    def complete(self) -> Iterator[tuple[Window, list[T]]]:
        """Yield the windows that are complete, with their frames; after each, forget what it alone needed."""
        while window := self.next():
            yield window, self.items(window)
            self.forget()

    def items(self, window: Window) -> list[T]:
        """The frames of a window, context and core."""
        return list(islice(self._items, window.start - self.start, window.stop - self.start))

    def since(self, number: int) -> list[T]:
        """The frames from this number on."""
        return list(islice(self._items, number - self.start, None))

    def forget(self) -> None:
        """Drop the frames that no later window needs."""
        needed = self._context_start(self._core_start)
        while self.start < needed and self._items:
            self._items.popleft()
            self.start += 1
        self.cuts = {cut for cut in self.cuts if cut >= self.start}

    def _context_start(self, core_start: int) -> int:
        reach = max(core_start - self._margin, self.start)
        return max((cut for cut in self.cuts if reach < cut <= core_start), default=reach)

    def _context_stop(self, core_stop: int) -> int | None:
        """Where the context after a core ends; None if frames are missing that could belong to it."""
        reach = core_stop + self._margin
        cut = min((cut for cut in self.cuts if core_stop <= cut < reach), default=None)
        if cut is not None:
            return cut
        if reach <= self.stop:
            return reach
        return self.stop if self._ended else None
