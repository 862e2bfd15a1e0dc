"""The network on one device, on behalf of one filter node: made late, one window at a time, freed early."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Container, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import vapoursynth as vs
from numpy.typing import NDArray

from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window

if TYPE_CHECKING:
    from vsrealbasicvsr.engine import CleanedFrame, Neighbours


_UNLOADED = "the script was unloaded."


class Worker:
    """Restores windows of one clip; loads torch, weights and device when the first is asked for.

    Works in one thread of its own: each thread that computes gets heaps and helpers that it keeps, so in
    VapourSynth's threads 16 of them took 3.0 GB where one takes 1.8.

    Args:
        settings: how and where.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._neighbours: Neighbours | None = None
        self._failure: RestorationError | None = None
        self._closed = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="realbasicvsr")

    def run[Result](self, work: Callable[[], Result]) -> Result:
        """Do some work in this worker's thread, in the environment of the caller, and wait for it.

        Raises:
            RestorationError: the worker is closed.
        """
        environment = vs.get_current_environment()

        def inside() -> Result:
            with environment.use():
                return work()

        try:
            future = self._thread.submit(inside)
        except RuntimeError as error:  # after `close`, and at the interpreter's end
            raise RestorationError(_UNLOADED) from error
        try:
            return future.result()
        finally:
            # It holds its error, whose traceback holds this frame: a circle with all that is in it.
            del future

    def restore(
        self, window: Window, picture: Callable[[int], NDArray[Any]], cuts: Container[int], *, half: bool
    ) -> Generator[tuple[CleanedFrame, NDArray[Any]]]:
        """The frames of a window's core; other windows on the device wait meanwhile.

        Args:
            window: which frames of the clip.
            picture: gives a frame by its number, (3, H, W), half or single precision.
            cuts: numbers of the clip's frames that start a shot.
            half: whether to return half precision.

        Yields:
            The cleaned frame, and the restored one, (3, 4H, 4W), 0-1.

        Raises:
            RestorationError: one of its kinds; when device or weights fail, again for each window.
        """
        import torch

        from vsrealbasicvsr.engine.device import find_device, sole_use

        dtype = torch.float16 if half else torch.float32
        with sole_use(find_device(self._settings.device)):
            self._check_open()
            for cleaned, restored in self._made().restore(
                window, lambda n: torch.from_numpy(picture(n)), cuts, self._check_open
            ):
                yield cleaned, restored.to(dtype).cpu().numpy()

    def _made(self) -> Neighbours:
        from vsrealbasicvsr.engine import Neighbours, Restorer

        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._neighbours is None:
            try:
                self._neighbours = Neighbours(Restorer(settings=self._settings))
            except RestorationError as error:
                self._failure = error
                raise
        return self._neighbours

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise RestorationError(_UNLOADED)

    def close(self) -> None:
        """End the work at hand after its current step, and free what lies on the device."""
        self._closed.set()
        self._thread.shutdown(wait=False)
        self._neighbours = None
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()
