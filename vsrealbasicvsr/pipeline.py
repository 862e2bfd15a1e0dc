"""Decoding, the network and encoding in three threads, so that they overlap (ARCHITECTURE.md, "The flow")."""

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
    """A restored picture, the time of its source frame, and how that frame was cleaned."""

    picture: Tensor
    """(3, 4H, 4W), float32; or the codes of its output frame, (samples,). On the host."""
    pts: int
    duration: int | None
    number: int
    """Number of the frame in the source, from 0."""
    passes: int
    residue: float
    """Mean absolute change by the last cleaning pass, 0-255; 0 without passes."""


DECODED_AHEAD: Room[_Decoded] = Room(8, lambda decoded: decoded[0].nbytes, 64 * 2**20)
"""Decoded source frames that wait for the network: at most 8, and 64 MiB. Each takes up to 12 bytes a source
pixel, so two of 1920x1080 fit."""
ENCODED_BEHIND: Room[Restored] = Room(4, lambda restored: restored.picture.nbytes, 256 * 2**20)
"""Restored frames that wait for the encoder: at most 4, and 256 MiB or one frame. Each takes up to 192 bytes
a source pixel, so only one of 1920x1080 waits."""
_NONE_BEHIND: Room[Restored] = Room(0)  # the network waits until each frame is encoded

_NO_ROOM = "The machine is out of memory; lower window or margin, or restore a smaller picture."


@dataclass
class Passage:
    """One pass of frames through the network.

    Attributes:
        restorer: Restores the frames.
        colour_of: Returns the colour of a decoded frame; called in the decoding thread, too.
        conversion: Returns how restored pictures become frames; called once there is one.
        write: Takes the restored frames in order; called in the encoding thread.
        frugal: Whether the network waits for the encoder, so that memory holds one restored frame.
        codes_on_device: Whether to convert between codes and RGB on the network's device, so that only codes
            are copied to and from it; None does so on GPUs. `Lanes` get their frames as RGB in any case. On a
            CPU, the decoding and encoding threads convert while the network runs.
        stop: Called in the main thread when the pass fails, to end a wait for frames that will never come.
        cuts: Numbers of the frames that started a shot, so far.
        cleaned: Number of restored frames so far.
        passes: Number of their cleaning passes.
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
        """Restore frames.

        Args:
            frames: The frames in order, each with True if it starts a shot.
            first: Number of the first frame in `frames`.
            core_start: Number of the first frame to restore; the frames before it are context.
            stop: Returns the number of the frame before which to stop; None if that is not known yet. Frames
                from there on are context.

        Raises:
            RestorationError: one of its kinds, also if the host is out of memory.
        """
        torch.get_num_threads()  # fixes this thread's number before the other threads lower theirs
        with (
            MemoryErrors(_NO_ROOM),
            read_ahead(self._decode(frames), DECODED_AHEAD) as decoded,
            write_behind(self._encode, _NONE_BEHIND if self.frugal else ENCODED_BEHIND) as put,
        ):
            try:
                inputs = self._inputs(decoded, first, core_start)
                pictures = self._pictures(inputs, first, core_start, stop)
                for number, picture in enumerate(pictures, core_start):
                    put(self._with_facts(number, picture))
                    del picture  # as in the generators, so that its memory is freed after encoding
            except BaseException:
                self.stop()
                raise
            finally:
                self._times.clear()
                self._cleanings.clear()

    def _decode(self, frames: Iterable[tuple[SourceFrame, bool]]) -> Iterator[_Decoded]:
        """Yield each frame's RGB or codes, the source frame, and True if it starts a shot.

        Runs in the decoding thread.
        """
        _leave_the_cores_to_the_network()
        for frame, cut in frames:
            colour = self.colour_of(frame.picture)  # for codes, too: errors are raised early
            if self._takes_codes():
                yield codes_from_frame(frame.picture), frame, cut
            else:
                yield rgb_from_frame(frame.picture, colour), frame, cut

    def _inputs(self, frames: Iterator[_Decoded], first: int, core_start: int) -> Iterator[Tensor]:
        """Yield the pictures for the engine; note their times and cuts."""
        for n, (picture, frame, cut) in enumerate(frames, first):
            if cut and n:
                self.cuts.add(n)
            if n >= core_start:
                self._times.append((frame.pts, frame.duration))
            yield self._rgb(picture, frame.picture) if self._takes_codes() else picture

    def _pictures(
        self, inputs: Iterable[Tensor], first: int, core_start: int, stop: Callable[[], int | None]
    ) -> Iterator[Tensor]:
        """Yield the restored pictures, on the host."""
        if isinstance(self.restorer, Lanes):
            restored = self.restorer.stream(
                inputs,
                self.cuts,
                on_cleaned=self._note,
                first=first,
                core_start=core_start,
                finish=self._to_codes,
            )
            return _before(stop, restored, core_start)
        restored = self.restorer.stream(
            inputs, self.cuts, on_cleaned=self._note, first=first, core_start=core_start
        )
        return on_host(_before(stop, restored, core_start), self._to_codes)

    def _takes_codes(self) -> bool:
        if not isinstance(self.restorer, Restorer):
            return False
        return self._converts_on(self.restorer.device)

    def _converts_on(self, device: torch.device) -> bool:
        return device.type == "cuda" if self.codes_on_device is None else self.codes_on_device

    def _rgb(self, codes: Tensor, frame: VideoFrame) -> Tensor:
        """Return a frame's RGB on the device, or on the host if the device is out of memory."""
        assert isinstance(self.restorer, Restorer)  # `_takes_codes` was true
        colour, name = self.colour_of(frame), frame.format.name
        device = self.restorer.device
        try:
            moved = codes.pin_memory() if device.type == "cuda" else codes
            moved = moved.to(device, non_blocking=True)
            return rgb_from_codes(moved, frame.width, frame.height, name, colour)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return rgb_from_codes(codes, frame.width, frame.height, name, colour)

    def _to_codes(self, picture: Tensor) -> Tensor:
        """Return the codes of the picture's frame, made on its device.

        Returns the picture in float32 if the host makes the codes.
        """
        if self._converts_on(picture.device):
            try:
                return self.conversion().codes(picture)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
        return picture.float()

    def _with_facts(self, number: int, picture: Tensor) -> Restored:
        passes, residue = self._cleanings.pop(number)
        self.cleaned += 1
        self.passes += passes
        return Restored(picture, *self._times.popleft(), number, passes, residue)

    def _encode(self, restored: Restored) -> None:
        """Convert and write a frame; runs in the encoding thread."""
        _leave_the_cores_to_the_network()
        self.write(self.conversion().frame(restored.picture), restored)

    def _note(self, number: int, cleaned: CleanedFrame) -> None:
        self._cleanings[number] = cleaned.passes, cleaned.residue


def _before(stop: Callable[[], int | None], pictures: Iterable[Tensor], number: int) -> Iterator[Tensor]:
    """Yield the pictures before number `stop`, and request no further ones."""
    for n, picture in enumerate(pictures, number + 1):
        yield picture
        del picture
        if stop() == n:
            return


def _leave_the_cores_to_the_network() -> None:
    """Use one core for this thread's conversions; several teams of threads would wait for the same cores."""
    torch.set_num_threads(1)
