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
from vsrealbasicvsr.engine.memory.out_of_memory import MemoryErrors, is_out_of_memory
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.colour.pixels import codes_from_frame, rgb_from_codes, rgb_from_frame
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.source import SourceFrame

_Decoded = tuple[Tensor, SourceFrame, bool]


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored picture, the time of the frame it was made of, and how that was cleaned."""

    picture: Tensor
    """(3, 4H, 4W), float32, or the codes of its frame, (samples,); on the host."""
    pts: int
    duration: int | None
    number: int
    """Of the frame in the source, from 0."""
    passes: int
    residue: float
    """Mean absolute change by the last cleaning pass, 0-255; 0 without one."""


DECODED_AHEAD: Room[_Decoded] = Room(8, lambda decoded: decoded[0].nbytes, 64 * 2**20)
"""Source frames decoded ahead of the network, 12 bytes a source pixel each at most: two of 1920x1080."""
ENCODED_BEHIND: Room[Restored] = Room(4, lambda restored: restored.picture.nbytes, 256 * 2**20)
"""Restored frames that wait for the encoder, 192 bytes a source pixel each at most: one of 1920x1080."""
_NONE_BEHIND: Room[Restored] = Room(0)

_NO_ROOM = "The machine is out of memory; lower window or margin, or restore a smaller picture."


@dataclass
class Passage:
    """One pass of frames through the network.

    Attributes:
        restorer: What restores them.
        colour_of: What the numbers of a decoded picture mean; called in the decoding thread.
        conversion: Tells how restored pictures become frames, once there is one.
        write: Takes the restored frames in order; called in the encoding thread.
        frugal: Let the network wait for the encoder, so that memory holds one restored frame.
        codes_on_device: Convert between codes and RGB where the network runs, so that only codes are copied
            to and fro; None is on GPUs. Frames that several devices share come as RGB even so. On a CPU the
            decoding and the encoding thread convert, beside the network.
        stop: Called in the main thread when the pass fails, to end a wait for frames that will never come.
        cuts: Frame numbers that started a new shot, so far.
        cleaned: Restored frames so far.
        passes: Their cleaning passes.
    """

    restorer: Restorer | Lanes
    colour_of: Callable[[VideoFrame], Colour]
    conversion: Callable[[], Conversion]
    write: Callable[[VideoFrame, Restored], None]
    stop: Callable[[], None] = lambda: None
    frugal: bool = False
    codes_on_device: bool | None = None
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
                arriving = self._arriving(decoded, first, core_start)
                pictures = self._pictures(arriving, first, core_start, stop)
                for number, picture in enumerate(pictures, core_start):
                    put(self._restored(number, picture))
                    del picture  # as in all generators on its way: it is gone when it was encoded
            except BaseException:
                self.stop()
                raise
            finally:
                self._times.clear()
                self._cleanings.clear()

    def _decoded(self, frames: Iterable[tuple[SourceFrame, bool]]) -> Iterator[_Decoded]:
        """RGB or codes, time and cut of each frame; runs in the decoding thread."""
        _leave_the_cores_to_the_network()
        for frame, cut in frames:
            colour = self.colour_of(frame.picture)  # also where it is of no use yet: it tells what is wrong
            if self._takes_codes():
                yield codes_from_frame(frame.picture), frame, cut
            else:
                yield rgb_from_frame(frame.picture, colour), frame, cut

    def _arriving(self, frames: Iterator[_Decoded], first: int, core_start: int) -> Iterator[Tensor]:
        """The pictures alone for the engine; their times and cuts are noted."""
        for n, (picture, frame, cut) in enumerate(frames, first):
            if cut and n:
                self.cuts.add(n)
            if n >= core_start:
                self._times.append((frame.pts, frame.duration))
            yield self._rgb(picture, frame.picture) if self._takes_codes() else picture

    def _pictures(
        self, arriving: Iterable[Tensor], first: int, core_start: int, stop: Callable[[], int | None]
    ) -> Iterator[Tensor]:
        """What the network makes of them, on the host."""
        if isinstance(self.restorer, Lanes):
            finished = self.restorer.stream(
                arriving,
                self.cuts,
                on_cleaned=self._note,
                first=first,
                core_start=core_start,
                finish=self._finished,
            )
            return _before(stop, finished, core_start)
        made = self.restorer.stream(
            arriving, self.cuts, on_cleaned=self._note, first=first, core_start=core_start
        )
        return on_host(_before(stop, made, core_start), self._finished)

    def _takes_codes(self) -> bool:
        if not isinstance(self.restorer, Restorer):
            return False
        return self._converts_on(self.restorer.device)

    def _converts_on(self, device: torch.device) -> bool:
        return device.type == "cuda" if self.codes_on_device is None else self.codes_on_device

    def _rgb(self, codes: Tensor, frame: VideoFrame) -> Tensor:
        """A frame's RGB on the device, on the host where that has no room."""
        assert isinstance(self.restorer, Restorer)  # asked before
        colour, name = self.colour_of(frame), frame.format.name
        device = self.restorer.device
        try:
            there = codes.pin_memory() if device.type == "cuda" else codes
            there = there.to(device, non_blocking=True)
            return rgb_from_codes(there, frame.width, frame.height, name, colour)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return rgb_from_codes(codes, frame.width, frame.height, name, colour)

    def _finished(self, picture: Tensor) -> Tensor:
        """The codes of a picture's frame, made on its device; the picture where the host is to make them."""
        if self._converts_on(picture.device):
            try:
                return self.conversion().codes(picture)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
        return picture.float()

    def _restored(self, number: int, picture: Tensor) -> Restored:
        passes, residue = self._cleanings.pop(number)
        self.cleaned += 1
        self.passes += passes
        return Restored(picture, *self._times.popleft(), number, passes, residue)

    def _written(self, restored: Restored) -> None:
        """Runs in the encoding thread."""
        _leave_the_cores_to_the_network()
        self.write(self.conversion().frame(restored.picture), restored)

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
