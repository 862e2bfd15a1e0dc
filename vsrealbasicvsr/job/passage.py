"""Frames on their way through the network: decode, network and encode overlap (DESIGN 4.5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from av.video.frame import VideoFrame
from torch import Tensor

from vsrealbasicvsr.channel import Room, read_ahead, write_behind
from vsrealbasicvsr.engine import CleanedFrame, Lanes, Restorer, on_host
from vsrealbasicvsr.engine.exhaustion import MemoryErrors
from vsrealbasicvsr.video.colour import Colour
from vsrealbasicvsr.video.pixels import rgb_from_frame
from vsrealbasicvsr.video.source import SourceFrame

_Decoded = tuple[Tensor, SourceFrame, bool]


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored picture, the time of the frame it was made of, and how that was cleaned."""

    picture: Tensor
    """(3, 4H, 4W), float32, on the host."""
    pts: int
    duration: int | None
    number: int
    """Of the frame in the source, from 0."""
    passes: int
    residue: float
    """Mean absolute change by the last cleaning pass, 0-255; 0 without one."""


DECODED_AHEAD: Room[_Decoded] = Room(8, lambda decoded: decoded[0].nbytes, 64 * 2**20)
"""Source frames decoded ahead of the network, 12 bytes a source pixel each: two of 1920x1080."""
ENCODED_BEHIND: Room[Restored] = Room(4, lambda restored: restored.picture.nbytes, 256 * 2**20)
"""Restored frames that wait for the encoder, 192 bytes a source pixel each: one of 1920x1080."""
_NONE_BEHIND: Room[Restored] = Room(0)

_NO_ROOM = "The machine is out of memory; lower window or margin, or restore a smaller picture."


@dataclass
class Passage:
    """One pass of frames through the network.

    Attributes:
        restorer: What restores them.
        colour_of: What the numbers of a decoded picture mean; called in the decoding thread.
        write: Takes the restored frames in order; called in the encoding thread.
        frugal: Let the network wait for the encoder, so that memory holds one restored frame.
        stop: Called in the main thread when the pass fails, to end a wait for frames that will never come.
        cuts: Frame numbers that started a new shot, so far.
        cleaned: Restored frames so far.
        passes: Their cleaning passes.
    """

    restorer: Restorer | Lanes
    colour_of: Callable[[VideoFrame], Colour]
    write: Callable[[Restored], None]
    stop: Callable[[], None] = lambda: None
    frugal: bool = False
    cuts: set[int] = field(default_factory=set)
    cleaned: int = 0
    passes: int = 0
    _times: deque[tuple[int, int | None]] = field(default_factory=deque)
    _cleanings: dict[int, tuple[int, float]] = field(default_factory=dict)

    def run(
        self,
        frames: Iterable[tuple[SourceFrame, bool]],
        *,
        first: int = 0,
        core_start: int = 0,
        stop: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Restore frames; each comes with whether it starts a new shot.

        Args:
            frames: In order.
            first: The number of the first of them.
            core_start: The number of the first to be restored; those before it are context.
            stop: The number before which restoring stops, once it is known; frames from there are context.

        Raises:
            RestorationError: one of its kinds, for a lack of memory on the host, too.
        """
        torch.get_num_threads()  # settles this thread's count before the other threads lower theirs
        with (
            MemoryErrors(_NO_ROOM),
            read_ahead(self._decoded(frames), DECODED_AHEAD) as decoded,
            write_behind(self._written, _NONE_BEHIND if self.frugal else ENCODED_BEHIND) as put,
        ):
            try:
                pictures = self.restorer.stream(
                    self._arriving(decoded, first, core_start),
                    self.cuts,
                    on_cleaned=self._note,
                    first=first,
                    core_start=core_start,
                )
                kept = on_host(_before(stop, pictures, core_start))
                for number, picture in enumerate(kept, core_start):
                    put(self._restored(number, picture))
                    del picture  # as in all generators on its way: it is gone when it was encoded
            except BaseException:
                self.stop()
                raise
            finally:
                self._times.clear()
                self._cleanings.clear()

    def _decoded(self, frames: Iterable[tuple[SourceFrame, bool]]) -> Iterator[_Decoded]:
        """RGB, time and cut of each frame; runs in the decoding thread."""
        _leave_the_cores_to_the_network()
        for frame, cut in frames:
            yield rgb_from_frame(frame.picture, self.colour_of(frame.picture)), frame, cut

    def _arriving(self, frames: Iterator[_Decoded], first: int, core_start: int) -> Iterator[Tensor]:
        """The pictures alone for the engine; their times and cuts are noted."""
        for n, (rgb, frame, cut) in enumerate(frames, first):
            if cut and n:
                self.cuts.add(n)
            if n >= core_start:
                self._times.append((frame.pts, frame.duration))
            yield rgb

    def _restored(self, number: int, picture: Tensor) -> Restored:
        passes, residue = self._cleanings.pop(number)
        self.cleaned += 1
        self.passes += passes
        return Restored(picture, *self._times.popleft(), number, passes, residue)

    def _written(self, restored: Restored) -> None:
        """Runs in the encoding thread."""
        _leave_the_cores_to_the_network()
        self.write(restored)

    def _note(self, number: int, cleaned: CleanedFrame) -> None:
        self._cleanings[number] = cleaned.passes, cleaned.residue


def _before(stop: Callable[[], int | None], pictures: Iterable[Tensor], number: int) -> Iterator[Tensor]:
    """The pictures up to the one before `stop`; no more are asked for than these."""
    for n, picture in enumerate(pictures, number + 1):
        yield picture
        del picture
        if stop() == n:
            return


def _leave_the_cores_to_the_network() -> None:
    """Convert on one core in this thread: several teams of threads on the same cores wait for each other."""
    torch.set_num_threads(1)
