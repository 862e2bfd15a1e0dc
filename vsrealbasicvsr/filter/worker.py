"""The network on one device, on behalf of one filter node: made late, one window at a time, freed early."""

from __future__ import annotations

import atexit
import sys
import threading
from collections import deque
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import vapoursynth as vs
from numpy.typing import NDArray

from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window

if TYPE_CHECKING:
    from torch import Tensor

    from vsrealbasicvsr.engine import CleanedFrame, Neighbours


type _Jobs = SimpleQueue[Callable[[], None] | None]
_UNLOADED = "the script was unloaded."


class Worker:
    """Restores windows of one clip; loads torch, weights and device when the first is asked for.

    Works in one thread of its own: each thread that computes gets heaps and helpers that it keeps, so in
    VapourSynth's threads 16 of them took 3.0 GB where one takes 1.8. It is no executor's, which Python
    waits for before anybody can close it: a window may take minutes.

    Args:
        settings: how and where.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._neighbours: Neighbours | None = None
        self._failure: RestorationError | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._jobs: _Jobs = SimpleQueue()
        self._thread: threading.Thread | None = None

    def run[Result](self, work: Callable[[], Result]) -> Result:
        """Do some work in this worker's thread, in the environment of the caller, and wait for it.

        Raises:
            RestorationError: the worker is closed.
        """
        future: Future[Result] = Future()
        self._begin(partial(_fulfil, future, vs.get_current_environment(), work))
        try:
            return future.result()
        finally:
            # It holds its error, whose traceback holds this frame: a circle with all that is in it.
            del future

    def _begin(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._check_open()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_serve, args=[self._jobs], name="realbasicvsr", daemon=True
                )
                atexit.register(self._end)
                self._thread.start()
            self._jobs.put(job)

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

        from vsrealbasicvsr.engine import on_host
        from vsrealbasicvsr.engine.device import find_device, sole_use
        from vsrealbasicvsr.engine.memory.allocator import return_freed_memory

        dtype = torch.float16 if half else torch.float32
        with sole_use(find_device(self._settings.device)):
            self._check_open()
            made = self._made().restore(
                window, lambda n: torch.from_numpy(picture(n)), cuts, self._check_open
            )
            frames: deque[CleanedFrame] = deque()  # of the pictures on their way to the host
            for restored in on_host(_noting(frames, made), lambda picture: picture.to(dtype)):
                yield frames.popleft(), restored.numpy()
        return_freed_memory()

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
        with self._lock:
            self._closed.set()
            self._jobs.put(None)
        atexit.unregister(self._end)
        self._neighbours = None
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()

    def _end(self) -> None:
        """Close while the interpreter is still whole, and wait for the current step."""
        self.close()
        if self._thread is not None:
            self._thread.join()


def _noting(frames: deque[CleanedFrame], made: Iterable[tuple[CleanedFrame, Tensor]]) -> Iterator[Tensor]:
    """The pictures alone; their cleaned frames are noted."""
    for cleaned, restored in made:
        frames.append(cleaned)
        yield restored


def _fulfil[Result](future: Future[Result], environment: vs.Environment, work: Callable[[], Result]) -> None:
    try:
        with environment.use():
            future.set_result(work())
    except BaseException as error:  # the caller's, whatever it is
        future.set_exception(error)


def _serve(jobs: _Jobs) -> None:
    """Do jobs until one is None; knows nothing of the worker, which may go meanwhile."""
    while (job := jobs.get()) is not None:
        job()
        del job  # with the frames that it holds
