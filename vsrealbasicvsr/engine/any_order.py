"""Windows in any order, each made from what its neighbour has left."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import batched

from torch import Tensor

from vsrealbasicvsr.engine.restorer import Restorer
from vsrealbasicvsr.engine.steps import BeforeStep, CleanedFrame, Motion
from vsrealbasicvsr.windows import Window, without_other_shots


class Neighbours:
    """Restores windows of one clip in any order, one at a time.

    The cleaned frames and the flows of the window restored last are kept, and those that the next one
    also needs are not computed again. Each is a function of one frame or one pair, so a window's result
    is the same to the bit whichever came before it, unless memory ran out in between: then nearly. Held:
    (window + 2 * margin) frames of 28 bytes a source pixel on the device.

    Args:
        restorer: does the work; its settings' `window` and `margin` are read for the plan of memory alone.
    """

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer
        self._cleaned: dict[int, CleanedFrame] = {}
        self._motions: dict[int, Motion] = {}

    def restore(
        self,
        window: Window,
        frame: Callable[[int], Tensor],
        cuts: Container[int],
        before_step: BeforeStep | None = None,
        *,
        strengths: Sequence[float] = (),
    ) -> Iterator[tuple[CleanedFrame, Tensor]]:
        """The frames of the window's core, in order, as `Restorer.window` gives them.

        Args:
            window: which frames of the clip.
            frame: gives a frame of the window by its number, (3, H, W), float, RGB, 0-1; asked for once
                at most, and not for frames that are kept.
            cuts: numbers of the clip's frames that start a shot.
            before_step: called before each step of the work; what it raises ends it, and nothing is lost
                but the window.
            strengths: as `Restorer.restore` takes them.

        Yields:
            The cleaned frame, and the restored one: (3, 4H, 4W), float32, 0-1, on the device.

        Raises:
            ClipError: frames differ in size.
            RestorationError: out of device memory, or non-finite pictures even in fp32.
        """
        part = without_other_shots(window, cuts)
        numbers = range(part.start, part.stop)
        self._cleaned = {n: kept for n, kept in self._cleaned.items() if n in numbers}
        self._motions = {n: kept for n, kept in self._motions.items() if n in numbers[1:]}
        self._clean([n for n in numbers if n not in self._cleaned], frame, before_step)
        parted = {n for n in numbers if n == part.start or n in cuts}
        self._measure([n for n in numbers if n not in self._motions and n not in parted], before_step)
        cleaned = [self._cleaned[n] for n in numbers]
        motions = [None if n in parted else self._motions[n] for n in numbers]
        pictures = self._restorer.restore(cleaned, motions, part, before_step, strengths=strengths)
        kept = (frame for frame in cleaned[part.core] for _ in strengths or (None,))
        yield from zip(kept, pictures, strict=True)

    def _clean(
        self, missing: Sequence[int], frame: Callable[[int], Tensor], before_step: BeforeStep | None
    ) -> None:
        for group in batched(missing, self._restorer.at_once):
            if before_step:
                before_step()
            size = next((kept.picture.shape[-2:] for kept in self._cleaned.values()), None)
            cleaned = self._restorer.clean([frame(n) for n in group], group, size)
            self._cleaned.update(zip(group, cleaned, strict=True))

    def _measure(self, missing: Sequence[int], before_step: BeforeStep | None) -> None:
        """The motion from the frame before, for each of these."""
        for group in batched(missing, self._restorer.at_once):
            if before_step:
                before_step()
            pairs = [(self._cleaned[n - 1], self._cleaned[n]) for n in group]
            self._motions.update(zip(group, self._restorer.motions(pairs), strict=True))
