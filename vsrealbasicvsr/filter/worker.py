"""The network of one filter node on one device; it is loaded for the first window and freed at the end."""

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
    """Restores windows of one clip; the first window loads torch, the weights and the device.

    All work runs in one thread of the worker. Each thread that computes keeps its own heaps and helper
    threads: 16 of VapourSynth's threads took 3.0 GB, one thread takes 1.8 GB. The thread belongs to no
    executor: Python would wait for it before anything can close the worker, and a window may take minutes.

    Args:
        settings: device, model and all other settings.
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
        """Call `work` in the thread of this worker, in the caller's environment, and return its result.

        Raises:
            RestorationError: the worker is closed.
        """
        future: Future[Result] = Future()
        self._enqueue(partial(_fulfil, future, vs.get_current_environment(), work))
        try:
            return future.result()
        finally:
            # Break a reference cycle: the future holds its error, whose traceback holds this frame.
            del future

    def _enqueue(self, job: Callable[[], None]) -> None:
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
        """Restore the frames of a window's core; other windows on the device wait for its end.

        Args:
            window: frames of the clip to use.
            picture: returns a frame by its number, (3, H, W), half or single precision.
            cuts: numbers of the clip's frames that start a shot.
            half: True to return half precision.

        Yields:
            The cleaned frame and the restored frame, (3, 4H, 4W), 0-1.

        Raises:
            RestorationError: any failure; if the device or the weights fail, every window raises it.
        """
        import torch

        from vsrealbasicvsr.engine import on_host
        from vsrealbasicvsr.engine.device import find_device, sole_use
        from vsrealbasicvsr.engine.memory.allocator import return_freed_memory

        dtype = torch.float16 if half else torch.float32
        with sole_use(find_device(self._settings.device)):
            self._check_open()
            pairs = self._load().restore(
                window, lambda n: torch.from_numpy(picture(n)), cuts, self._check_open
            )
            frames: deque[CleanedFrame] = deque()  # those whose restored frames are being copied to the host
            for restored in on_host(_restored_only(frames, pairs), lambda picture: picture.to(dtype)):
                yield frames.popleft(), restored.numpy()
        return_freed_memory()

    def _load(self) -> Neighbours:
        """Return the engine, which the first call loads; after a failure every call raises it again."""
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
        """End the current work after its current step, and free the device memory."""
        with self._lock:
            self._closed.set()
            self._jobs.put(None)
        atexit.unregister(self._end)
        self._neighbours = None
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()

    def _end(self) -> None:
        """Close before the interpreter shuts down, and wait for the current step."""
        self.close()
        if self._thread is not None:
            self._thread.join()


def _restored_only(
    frames: deque[CleanedFrame], pairs: Iterable[tuple[CleanedFrame, Tensor]]
) -> Iterator[Tensor]:
    """Yield the restored frames, and append the cleaned frames to `frames`."""
    for cleaned, restored in pairs:
        frames.append(cleaned)
        yield restored


def _fulfil[Result](future: Future[Result], environment: vs.Environment, work: Callable[[], Result]) -> None:
    try:
        with environment.use():
            future.set_result(work())
    except BaseException as error:  # raised again in the thread of the caller
        future.set_exception(error)


def _serve(jobs: _Jobs) -> None:
    """Run jobs until one is None; holds no reference to the worker, which may be deleted before."""
    while (job := jobs.get()) is not None:
        job()
        del job  # and the frames that it holds, before the wait for the next
