"""Windows of frames in, restored frames out."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr import weights
from vsrealbasicvsr.engine.device import find_device, find_dtype
from vsrealbasicvsr.engine.memory.out_of_memory import MemoryErrors
from vsrealbasicvsr.engine.memory.plan import read_budget
from vsrealbasicvsr.engine.steps import BeforeStep, CleanedFrame, Motion, Reconstruction, Steps
from vsrealbasicvsr.errors import ClipError, WeightsError
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.window_cache import WindowCache
from vsrealbasicvsr.windows import Window, core_stop_after, first_core, without_other_shots

log = logging.getLogger("vsrealbasicvsr")

OnCleaned = Callable[[int, CleanedFrame], None]

_Cache = WindowCache[tuple[CleanedFrame, Motion | None]]
"""Cleaned frames, each with the motion between it and the frame before."""

_AT_ONCE = 8

_NON_FINITE = "The pictures or the weights are broken: the network gives non-finite values even in fp32."


class Restorer:
    """Restores windows and streams of frames with one network on one device.

    Args:
        model: a known name, a weights file, or a network; None takes `settings.model`.
        settings: how to restore.
        device: overrides `settings.device`.
        sharing: how many restorers share the device's memory.
        windows: how many windows' cleaned frames lie there for this one, where several are in the making.

    Attributes:
        settings: How it restores; where `refine` or `max_passes` was None, the network's number.

    Raises:
        WeightsError: the weights cannot be found or read.
        SettingsError: the machine has no such device.
        RestorationError: the device or the machine has no room for the network.
    """

    def __init__(
        self,
        model: str | Path | RealBasicVSR | None = None,
        settings: Settings | None = None,
        device: str | None = None,
        *,
        sharing: int = 1,
        windows: int = 1,
    ) -> None:
        chosen = settings or Settings()
        self.device = find_device(device or chosen.device)
        model = model if model is not None else chosen.model
        self._sharing, self._windows = sharing, windows
        if self.device.type == "cpu" and chosen.precision == "fp16":
            log.warning("precision fp16 is many times slower than fp32 on a CPU; take fp32 or bf16 there.")
        with MemoryErrors(
            f"{self.device} is out of memory for the network itself; end what else runs on it, or choose "
            "another device."
        ):
            self._network = model if isinstance(model, RealBasicVSR) else load(weights.resolve(model))
            self.settings = self._network.refinement_defaults.completed(chosen)
            self._steps = self._make_steps(find_dtype(self.settings.precision, self.device))
        self._exact: Steps | None = None

    def window(self, frames: Tensor, cuts: Iterable[int], core: slice) -> Tensor:
        """Restore one window; a pure function of its arguments.

        Args:
            frames: (T, 3, H, W), float, RGB, 0-1: context and core together.
            cuts: which of these frames start a new shot, 0 to T - 1; propagation never crosses them.
            core: the frames to return, `slice(start, stop)`.

        Returns:
            (core, 3, 4H, 4W), float32, 0-1, on the device.

        Raises:
            ClipError: shapes or the core do not fit.
            RestorationError: out of device memory, or non-finite pictures even in fp32.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or not frames.is_floating_point() or not frames.numel():
            raise ClipError(f"A window must be float (T, 3, H, W), not {frames.dtype} {tuple(frames.shape)}.")
        start, stop, step = core.indices(len(frames))
        if step != 1 or start >= stop:
            raise ClipError(f"The core {core} keeps no frames of a window of {len(frames)}.")
        numbers = frozenset(cuts)
        part = without_other_shots(Window(0, start, stop, len(frames)), numbers)
        cache = _Cache(self.settings.margin, part.start)
        for n in range(part.start, part.stop, self.at_once):
            taken = frames[n : min(n + self.at_once, part.stop)]
            self._take(cache, list(taken), [i in numbers for i in range(n, n + len(taken))])
        with self._memory_errors(frames):
            return torch.stack(list(self.restore(*_parts(cache.items(part)), part)))

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: OnCleaned | None = None,
        first: int = 0,
        core_start: int | None = None,
    ) -> Iterator[Tensor]:
        """Restore a clip of any length in bounded memory: one window with its margins is held.

        With `window=0` one whole shot is held, its backward features in host memory.

        A stream may begin in the middle of a clip, at a cut or, unless `window=0`, at a multiple of `window`.
        Its pictures are those of the whole clip's stream, on the CPU bit for bit, where the frames before
        `core_start` that reach it are handed in: `min(margin, frames since the last cut)`. To end there as
        well, hand in up to `margin` frames more, less those from the next cut on, and stop reading.

        Args:
            frames: each (3, H, W), float, RGB, 0-1, all of one size; read as they are needed.
            cuts: frame numbers that start a new shot. Frame n is looked up after it was read, so that a
                detector may add to a set while it hands out the frames.
            on_cleaned: called with the number and the cleaned frame of each frame, once, in order.
            first: the clip's number of the first of `frames`; all numbers are the clip's.
            core_start: number of the first frame to return, those before are context only; None is `first`.
                It is `first`, where that one starts a shot, or a multiple of `window`.

        Yields:
            (3, 4H, 4W), float32, 0-1, on the device; as many and in the order of `frames` from `core_start`.

        Raises:
            ClipError: a frame is of another shape than the first, or no stream can begin at `core_start`.
            RestorationError: out of device memory, or non-finite pictures even in fp32.
        """
        core_start = first_core(first, core_start, self.settings.window)
        length = self.settings.window
        cache = _Cache(self.settings.margin if length else 0, first, core_start)
        numbered = enumerate(frames, first)
        while read := list(islice(numbered, self.at_once)):
            before = cache.stop
            self._take(cache, [frame for _, frame in read], [n in cuts for n, _ in read])
            for n, _ in read:
                if length:
                    cache.close(core_stop_after(n, length))
                elif n in cache.cuts:
                    cache.close(n)
            if on_cleaned:
                for n, (cleaned, _) in enumerate(cache.since(before), before):
                    on_cleaned(n, cleaned)
            yield from self._complete(cache)
        cache.end()
        yield from self._complete(cache)

    def _complete(self, cache: _Cache) -> Iterator[Tensor]:
        """The pictures of the windows that are complete."""
        for window, frames in cache.complete():
            yield from self.restore(*_parts(frames), window)

    def _take(self, cache: _Cache, frames: Sequence[Tensor], cut: Sequence[bool]) -> None:
        """Clean frames, measure the motion from each one before unless a cut parts them, keep all that."""
        last = cache.last[0] if cache.last else None
        numbers = range(cache.stop, cache.stop + len(frames))
        cleaned = self.clean(frames, numbers, last.picture.shape[-2:] if last else None)
        linked = list(zip([last, *cleaned[:-1]], cleaned, cut, strict=True))
        motions = iter(self.motions([(one, two) for one, two, parted in linked if one and not parted]))
        for one, two, parted in linked:
            cache.take((two, next(motions) if one and not parted else None), cut=parted)

    def clean(
        self, frames: Sequence[Tensor], numbers: Sequence[int], size: torch.Size | None = None
    ) -> list[CleanedFrame]:
        """The cleaned frames; in fp32 where half precision overflows.

        Args:
            frames: each (3, H, W), float, RGB, 0-1; `at_once` of them are done best.
            numbers: theirs in the clip, for errors.
            size: height and width of the frames before; None where there are none.
        """
        for frame, n in zip(frames, numbers, strict=True):
            size = _checked(frame, n, size)
        with self._memory_errors(frames[0]):
            cleaned = self._steps.clean(frames)
            for i, frame in enumerate(frames):
                if not math.isfinite(cleaned[i].residue):
                    cleaned[i : i + 1] = self._fp32_steps(f"cleaning frame {numbers[i]}").clean([frame])
                if not math.isfinite(cleaned[i].residue):
                    raise WeightsError(_NON_FINITE)
        return cleaned

    def motions(self, pairs: Sequence[tuple[CleanedFrame, CleanedFrame]]) -> list[Motion]:
        """Flow between neighbours, (earlier, later), in both directions."""
        if not pairs:
            return []
        with self._memory_errors(pairs[0][0].picture):
            return self._steps.motions(pairs)

    def restore(
        self,
        cleaned: Sequence[CleanedFrame],
        motions: Sequence[Motion | None],
        window: Window,
        before_step: BeforeStep | None = None,
        *,
        strengths: Sequence[float] = (),
    ) -> Iterator[Tensor]:
        """A window's core from its cleaned frames, clamped; where half precision overflows, the rest in fp32.

        Args:
            cleaned: the window's frames.
            motions: entry i lies between frames i - 1 and i of the window; None where frame i starts a shot.
            window: which frames these are.
            before_step: called before each frame's propagation; what it raises ends the work.
            strengths: make each frame once for each of these, in a row, at the price of one and the
                reconstruction of the others; none is the setting.
        """
        core = window.core
        versions = len(strengths) or 1
        total = versions * (core.stop - core.start)
        done = 0
        with self._memory_errors(cleaned[0].picture):
            for picture in self._finite(self._steps, cleaned, motions, core, before_step, strengths):
                yield picture
                del picture  # before the next is made
                done += 1
            if done == total:
                return
            first, again = core.start + done // versions, done % versions
            frames = f"frames {window.start + first} to {window.core_stop - 1}"
            exact = self._fp32_steps(f"restoring {frames}")
            rest = slice(first, core.stop)
            pictures = self._finite(exact, cleaned, motions, rest, before_step, strengths)
            for picture in islice(pictures, again, None):
                yield picture
                done += 1
        if done != total:
            raise WeightsError(_NON_FINITE)

    @property
    def at_once(self) -> int:
        """Frames that are best cleaned in one call: a GPU is not filled by a small one."""
        return 1 if self.device.type == "cpu" else _AT_ONCE

    def _finite(
        self,
        steps: Steps,
        cleaned: Sequence[CleanedFrame],
        motions: Sequence[Motion | None],
        core: slice,
        before_step: BeforeStep | None,
        strengths: Sequence[float],
    ) -> Iterator[Tensor]:
        """The pictures up to the first that is not finite; a GPU makes the next before one is looked at."""
        behind = 0 if self.device.type == "cpu" else 1
        waiting = deque[Reconstruction]()
        for made in steps.restore(cleaned, motions, core, before_step, strengths=strengths):
            waiting.append(made)
            del made
            if len(waiting) > behind:
                if not waiting[0].is_finite():
                    return
                yield waiting.popleft().picture
        while waiting and waiting[0].is_finite():
            yield waiting.popleft().picture

    def _fp32_steps(self, what: str) -> Steps:
        """The steps in fp32, for where half precision overflowed; says so once."""
        if self._steps.dtype == torch.float32:
            raise WeightsError(_NON_FINITE)
        if self._exact is None:
            log.warning("%s overflowed in %s and is done in fp32.", what, self.settings.precision)
            self._exact = self._make_steps(torch.float32)
        return self._exact

    def _make_steps(self, dtype: torch.dtype) -> Steps:
        budget = read_budget(self.settings.memory, self.device)
        share = None if budget is None else budget // self._sharing
        return Steps(self._network, self.settings, self.device, dtype, share, self._windows)

    def _memory_errors(self, frame: Tensor) -> MemoryErrors:
        height, width = frame.shape[-2:]
        advice = "lower window or margin" if self.settings.window else "set window, to 24 for example"
        half = "bf16" if self.device.type == "cpu" else "fp16"
        return MemoryErrors(
            f"{self.device} is out of memory at {width}x{height}; {advice}, "
            f"set precision to {half}, or restore a smaller picture."
        )


def _parts(
    frames: Sequence[tuple[CleanedFrame, Motion | None]],
) -> tuple[list[CleanedFrame], list[Motion | None]]:
    """Cleaned frames and motions of a window, as `Restorer.restore` takes them."""
    return [cleaned for cleaned, _ in frames], [motion for _, motion in frames]


def _checked(frame: Tensor, number: int, size: torch.Size | None) -> torch.Size:
    """A frame's height and width, which must be these where there are any."""
    if frame.ndim != 3 or frame.shape[0] != 3 or not frame.is_floating_point() or not frame.numel():
        raise ClipError(f"Frame {number} must be float (3, H, W), not {frame.dtype} {tuple(frame.shape)}.")
    if size is not None and frame.shape[1:] != size:
        raise ClipError(
            f"Frame {number} is {frame.shape[2]}x{frame.shape[1]}, the frames before it are "
            f"{size[1]}x{size[0]}; a clip has one size."
        )
    return frame.shape[1:]
