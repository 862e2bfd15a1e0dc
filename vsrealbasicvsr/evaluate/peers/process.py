"""A peer in its own process: its memory is measured apart from ours, and a crash becomes a missing figure."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsrealbasicvsr.engine.memory.out_of_memory import is_out_of_memory
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.evaluate.absent import Absent, Figure, reason_of
from vsrealbasicvsr.evaluate.footage import SCALE, to_eight_bit
from vsrealbasicvsr.evaluate.peers import peak
from vsrealbasicvsr.evaluate.peers.peer import Peer, Upscaler

_FIRST = (2, 3, 40, 40)
"""Shape of a clip that is restored before any clip is timed, so that kernels are loaded and devices awake."""
_NO_DEVICE = Absent("it ran on the CPU")
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """The cost of one clip.

    Attributes:
        seconds: wall time per frame.
        memory: peak resident memory of the peer's process, MB of 1e6 bytes; it includes Python, PyTorch and
            the low-quality clip. Restored frames are not kept.
        device_memory: peak memory of tensors on the GPU, MB.
    """

    seconds: Figure
    memory: Figure
    device_memory: Figure


class PeerProcess:
    """The process of one peer; it starts and ends with the `with` statement, in which it restores clips."""

    def __init__(self, peer: Peer, device: str) -> None:
        context = multiprocessing.get_context("spawn")  # a forked process would start with our memory
        self._connection, child_connection = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(child_connection, peer.load, device), daemon=True
        )
        self._child_connection = child_connection
        self.parameters: Figure = Absent("it was not started")
        """Millions of learned parameters, or why the peer is not available."""

    def __enter__(self) -> Self:
        self._process.start()
        self._child_connection.close()
        parameters: int | Absent = self._answer()
        self.parameters = parameters if isinstance(parameters, Absent) else parameters / 1e6
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()  # makes the process end, unless it is restoring a clip
        if error is None:
            self._process.join(_TIMEOUT_SECONDS)
        self._process.terminate()
        self._process.join()

    def restore(self, low: Tensor, target: Path) -> tuple[Tensor, Effort] | Absent:
        """Restore a clip of one shot.

        Args:
            low: (T, 3, H, W), uint8, RGB.
            target: a file that may be written; it transfers the restored frames between the processes.

        Returns:
            (T, 3, 4H, 4W), uint8, and the effort; or the reason why the clip was not restored.
        """
        if isinstance(self.parameters, Absent):
            return self.parameters
        try:
            self._connection.send((low.numpy(), target))
        except OSError:
            return self._death()
        effort: Effort | Absent = self._answer()
        if isinstance(effort, Absent):
            return effort
        frames, channels, height, width = low.shape
        restored = np.fromfile(target, np.uint8).reshape(frames, channels, SCALE * height, SCALE * width)
        return torch.from_numpy(restored), effort

    def _answer(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            return self._death()

    def _death(self) -> Absent:
        self._process.join()
        code = self._process.exitcode or 0
        if code < 0:
            return Absent(f"its process was ended by signal {-code}, perhaps for lack of memory")
        return Absent(f"its process ended with code {code}; what it said stands above")


def _serve(connection: Connection, load: Callable[[str], Upscaler], device: str) -> None:
    """Run in the process of the peer: send the number of parameters, then restore each clip that arrives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process gets the signal, too, and ends this one
    try:
        peer = load(device)
        for _ in peer(torch.full(_FIRST, 0.5)):
            pass
    except (RestorationError, MemoryError, RuntimeError) as error:
        connection.send(_refusal(error))
        return
    connection.send(peer.parameters)
    while True:
        try:
            low, target = connection.recv()
        except EOFError:
            return
        connection.send(_restore(peer, low, target, device))


def _restore(peer: Upscaler, low: NDArray[np.uint8], target: Path, device: str) -> Effort | Absent:
    # If the peer runs on the GPU, the clip that was restored at the start has taken memory there.
    cuda = device.startswith("cuda") and torch.cuda.max_memory_allocated(device) > 0
    peak.reset()
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    try:
        with target.open("wb") as file:
            for picture in peer(torch.from_numpy(low).float() / 255):
                file.write(to_eight_bit(picture).contiguous().numpy().tobytes())
    except (RestorationError, MemoryError, RuntimeError) as error:
        return _refusal(error)
    seconds = (time.perf_counter() - started) / len(low)
    on_device: Figure = torch.cuda.max_memory_allocated(device) / 1e6 if cuda else _NO_DEVICE
    return Effort(seconds=seconds, memory=peak.read(), device_memory=on_device)


def _refusal(error: RestorationError | MemoryError | RuntimeError) -> Absent:
    """Return the reason why there is no picture; raise errors that are bugs again."""
    if isinstance(error, RestorationError):
        return Absent(reason_of(error))
    if isinstance(error, MemoryError) or is_out_of_memory(error):
        return Absent("it ran out of memory")
    raise error
