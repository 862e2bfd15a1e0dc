"""The frames in reach of the window at hand: cleaned once, shared by neighbouring windows."""

from __future__ import annotations

from collections import deque
from itertools import islice

from vsrealbasicvsr.engine.steps import CleanedFrame, Motion
from vsrealbasicvsr.windows import Window


class Context:
    """A run of cleaned frames with the motion between them; grows at its end, is dropped from its start.

    Args:
        start: number of the first frame that will be added.
    """

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.cuts: set[int] = set()
        self._cleaned: deque[CleanedFrame] = deque()
        self._motions: deque[Motion | None] = deque()

    @property
    def stop(self) -> int:
        """Number of the frame to be added next."""
        return self.start + len(self._cleaned)

    @property
    def last(self) -> CleanedFrame | None:
        """The frame added last."""
        return self._cleaned[-1] if self._cleaned else None

    def add(self, cleaned: CleanedFrame, motion: Motion | None, *, cut: bool) -> None:
        """Add the next frame and the motion between it and the one before; `cut`: it starts a shot."""
        if cut:
            self.cuts.add(self.stop)
        self._cleaned.append(cleaned)
        self._motions.append(motion)

    def part(self, window: Window) -> tuple[list[CleanedFrame], list[Motion | None]]:
        """Frames and motions of a window that lies within start to stop."""
        reach = (window.start - self.start, window.stop - self.start)
        return list(islice(self._cleaned, *reach)), list(islice(self._motions, *reach))

    def since(self, frame: int) -> list[CleanedFrame]:
        """The frames from this number on."""
        return list(islice(self._cleaned, frame - self.start, None))

    def forget_before(self, frame: int) -> None:
        """Drop the frames before this number, and the cuts among them."""
        while self.start < frame and self._cleaned:
            self._cleaned.popleft()
            self._motions.popleft()
            self.start += 1
        self.cuts = {cut for cut in self.cuts if cut >= self.start}
