"""One clip on several devices, or twice on one: windows go round robin, their frames come out in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import batched
from queue import SimpleQueue

import torch
from torch import Tensor

from vsrealbasicvsr import weights
from vsrealbasicvsr.channel import Channel, ChannelClosedError, Room
from vsrealbasicvsr.engine.device import find_device
from vsrealbasicvsr.engine.restorer import OnCleaned, Restorer
from vsrealbasicvsr.engine.steps import CleanedFrame, Motion
from vsrealbasicvsr.engine.to_host import Finish, on_host
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.window_cache import WindowCache
from vsrealbasicvsr.windows import Window, first_core

_WAITING = 2**31
"""Bytes of restored pictures that wait on the host for their turn, for each window in the making."""


def open_restorer(settings: Settings) -> Restorer | Lanes:
    """What restores with these settings: `Lanes` where `device` names several, with commas between them.

    Raises:
        WeightsError: the weights cannot be found or read.
        SettingsError: the machine has no such device.
    """
    names = [name.strip() for name in settings.device.split(",")]
    if len(names) == 1:
        return Restorer(settings=settings)
    devices = [str(find_device(name)) for name in names]
    if settings.acceleration in ("graphs", "fused") and len(set(devices)) < len(devices):
        # To capture a graph is to wait for the device, which nobody may while another captures on it.
        raise SettingsError(
            f"acceleration {settings.acceleration!r} needs each device to be named once; else use auto."
        )
    network = load(weights.resolve(settings.model))
    # A window more than there are restorers is held: that is two for one of them.
    return Lanes(
        [
            Restorer(network, replace(settings, device=name), sharing=devices.count(name), windows=2)
            for name in devices
        ]
    )


class Lanes:
    """Restores streams with several restorers of the same network and settings; the result is the same.

    Each has a thread, and on a GPU a queue of work, of its own: where a device is named twice, two windows
    fill it together. Held: a window more than there are restorers, each with its margins' cleaned frames and
    flows, 28 bytes a source pixel of a frame on the devices, and up to 2 GiB of restored pictures on the
    host; and the source frames of as many windows that are yet to be cleaned.

    Args:
        restorers: two or more; the first one's settings are read.
    """

    def __init__(self, restorers: Sequence[Restorer]) -> None:
        self.settings = restorers[0].settings
        self._restorers = restorers

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: OnCleaned | None = None,
        first: int = 0,
        core_start: int | None = None,
        finish: Finish = Tensor.float,
    ) -> Iterator[Tensor]:
        """As `Restorer.stream`, but the pictures come out on the host.

        With `window=0` whole shots go round robin, and as many as stated above are held.

        Args:
            frames: as there.
            cuts: as there.
            on_cleaned: as there.
            first: as there.
            core_start: as there.
            finish: what is done to each picture on its device, in that lane's thread.

        Raises:
            ClipError: a frame is of another shape than the first, or no stream can begin at `core_start`.
            RestorationError: out of device memory, or non-finite pictures even in fp32.
        """
        core_start = first_core(first, core_start, self.settings.window)
        count = len(self._restorers)
        lanes = [_Lane(restorer, count) for restorer in self._restorers]
        run = _Run(lanes, self.settings, on_cleaned, core_start, finish)
        try:
            yield from run.through(_cores(frames, cuts, self.settings.window, first), first)
        finally:
            run.stop()
            for lane in lanes:
                lane.close()


@dataclass(frozen=True, slots=True)
class _Core:
    """The frames of a core, as they were read."""

    start: int
    frames: list[Tensor]
    cuts: frozenset[int]
    """Numbers of those that start a shot."""

    @property
    def stop(self) -> int:
        return self.start + len(self.frames)


def _cores(frames: Iterable[Tensor], cuts: Container[int], length: int, first: int) -> Iterator[_Core]:
    """The clip from frame `first`, parted at multiples of this length, 0: at cuts."""
    start, held, found = first, list[Tensor](), set[int]()
    for n, frame in enumerate(frames, first):
        cut = n in cuts
        if held and (n % length == 0 if length else cut):
            yield _Core(start, held, frozenset(found))
            start, held, found = n, [], set()
        held.append(frame)
        if cut:
            found.add(n)
    if held:
        yield _Core(start, held, frozenset(found))


@dataclass(frozen=True, slots=True)
class _Block:
    """A core's frames on their way through cleaning and flow."""

    number: int
    """Counted from 0; it decides the lane."""
    start: int
    size: torch.Size
    stop: int
    cuts: frozenset[int]
    cleaned: Future[list[CleanedFrame]] = field(default_factory=Future)
    motions: Future[list[Motion | None]] = field(default_factory=Future)
    """Entry i lies between frames i - 1 and i of the block; None where frame i starts a shot or the clip."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame's results will be."""

    block: _Block
    index: int


class _StoppedError(Exception):
    """Nobody wants the result any more."""


class _Lane:
    """A restorer with its thread and its queue of work; a job is done, or told that it is too late."""

    def __init__(self, restorer: Restorer, lanes: int) -> None:
        self.restorer = restorer
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = max(1, torch.get_num_threads() // lanes)
        self._thread = threading.Thread(target=self._serve, name="lane", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _serve(self) -> None:
        torch.set_num_threads(self._threads)
        with self._own_stream():
            while (job := self._jobs.get()) is not None:
                job()
                del job  # with the frames that it holds
            self.finished(None)  # before its graphs' inputs are written by another stream

    def _own_stream(self) -> AbstractContextManager[object]:
        device = self.restorer.device
        if device.type != "cuda":
            return nullcontext()
        stream: AbstractContextManager[object] = torch.cuda.stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]
        return stream

    def finished[T](self, result: T) -> T:
        """A result that others may read: the work it stands for is done."""
        if self.restorer.device.type == "cuda":
            torch.cuda.current_stream(self.restorer.device).synchronize()
        return result

    def moved[T: (CleanedFrame, Motion)](self, result: T) -> T:
        """The same on this lane's device."""
        return result.to(self.restorer.device)


class _Run:
    """The state of one stream: blocks that are not reported yet, and windows in the making."""

    def __init__(
        self,
        lanes: Sequence[_Lane],
        settings: Settings,
        on_cleaned: OnCleaned | None,
        core_start: int,
        finish: Finish,
    ) -> None:
        self._lanes, self._settings, self._on_cleaned = lanes, settings, on_cleaned
        self._core_start, self._finish = core_start, finish
        self._blocks: deque[_Block] = deque()
        self._made: deque[tuple[Window, Channel[Tensor]]] = deque()
        self._failure: Exception | None = None
        self._stopped = threading.Event()

    def through(self, cores: Iterable[_Core], first: int) -> Iterator[Tensor]:
        """Clean each core as it comes, restore each window as soon as its margins are on their way.

        A job waits only for jobs that were submitted before it, so nothing can wait in a circle.
        """
        length, margin = self._settings.window, self._settings.margin if self._settings.window else 0
        # A window waits for so many later blocks: no lane cleans behind a window while others wait for that.
        ahead = (-(-margin // length) if length else 0) + len(self._lanes) - 1
        cache = WindowCache[_Place](margin, first, self._core_start)
        complete = deque[tuple[Window, list[_Place]]]()
        before: _Block | None = None
        for number, core in enumerate(self._read(cores)):
            before = self._clean(number, core, before)
            for index, n in enumerate(range(core.start, core.stop)):
                cache.take(_Place(before, index), cut=n in core.cuts)
            cache.close(core.stop)
            complete += cache.complete()
            while complete and _core_number(*complete[0]) <= number - ahead:
                self._restore(*complete.popleft())
            while len(self._made) > len(self._lanes):
                yield from self._next()
        if self._failure is None:
            cache.end()
            complete += cache.complete()
        while complete:
            self._restore(*complete.popleft())
        while self._made:
            yield from self._next()
        if self._failure:
            raise self._failure

    def _read(self, cores: Iterable[_Core]) -> Iterator[_Core]:
        """The cores up to the source's failure, which is kept for later."""
        try:
            yield from cores
        except Exception as error:
            self._failure = error

    def stop(self) -> None:
        """End all work at its next step."""
        self._stopped.set()
        for _, channel in self._made:
            channel.abandon()

    def _clean(self, number: int, core: _Core, before: _Block | None) -> _Block:
        size = before.size if before else core.frames[0].shape[1:]
        block = _Block(number, core.start, size, core.stop, core.cuts)
        self._blocks.append(block)
        lane = self._lane(number)
        lane.submit(partial(self._cleaned, lane, core.frames, block, before))
        return block

    def _restore(self, window: Window, places: Sequence[_Place]) -> None:
        frames = window.core_stop - window.core_start
        room: Room[Tensor] = Room(frames, lambda picture: picture.nbytes, _WAITING)
        channel = Channel(room)
        self._made.append((window, channel))
        lane = self._lane(_core_number(window, places))
        lane.submit(partial(self._restored, lane, window, places, channel))

    def _lane(self, number: int) -> _Lane:
        return self._lanes[number % len(self._lanes)]

    def _next(self) -> Iterator[Tensor]:
        """The pictures of the oldest window."""
        window, channel = self._made[0]
        while self._blocks and self._blocks[0].start < window.core_stop:
            block = self._blocks.popleft()
            if self._on_cleaned:
                for n, cleaned in enumerate(block.cleaned.result(), block.start):
                    self._on_cleaned(n, cleaned)
        yield from channel
        self._made.popleft()

    def _check(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError

    def _cleaned(self, lane: _Lane, frames: list[Tensor], block: _Block, before: _Block | None) -> None:
        """Clean a block and measure the motion in it, in the lane's thread."""
        try:
            cleaned = list[CleanedFrame]()
            numbered = zip(range(block.start, block.stop), frames, strict=True)
            for group in batched(numbered, lane.restorer.at_once):
                self._check()
                cleaned += lane.restorer.clean(
                    [frame for _, frame in group], [n for n, _ in group], block.size
                )
            block.cleaned.set_result(lane.finished(cleaned))
        except BaseException as error:  # of whoever reads it
            block.cleaned.set_exception(error)
            block.motions.set_exception(error)
            return
        try:
            first = lane.moved(before.cleaned.result()[-1]) if before else None
            numbers = range(block.start, block.stop)
            pairs = {
                n: (earlier, later)
                for n, earlier, later in zip(numbers, [first, *cleaned[:-1]], cleaned, strict=True)
                if earlier and n not in block.cuts
            }
            motions = dict[int, Motion]()
            for linked in batched(pairs, lane.restorer.at_once):
                self._check()
                measured = lane.restorer.motions([pairs[n] for n in linked])
                motions.update(zip(linked, measured, strict=True))
            block.motions.set_result(lane.finished([motions.get(n) for n in numbers]))
        except BaseException as error:  # of whoever reads it
            block.motions.set_exception(error)

    def _restored(
        self, lane: _Lane, window: Window, places: Sequence[_Place], channel: Channel[Tensor]
    ) -> None:
        """Restore a window, in the lane's thread."""
        try:
            cleaned = [lane.moved(place.block.cleaned.result()[place.index]) for place in places]
            measured = [place.block.motions.result()[place.index] for place in places]
            motions = [motion and lane.moved(motion) for motion in measured]
            made = lane.restorer.restore(cleaned, motions, window, self._check)
            for picture in on_host(made, self._finish):
                channel.put(picture)
        except ChannelClosedError:
            pass
        except BaseException as error:  # the reader's
            channel.finish(error)
        else:
            channel.finish()


def _core_number(window: Window, places: Sequence[_Place]) -> int:
    """The number of the block that holds the window's core."""
    return places[window.core_start - window.start].block.number
