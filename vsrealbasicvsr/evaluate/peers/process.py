"""A peer in a process of its own: its memory can be told from ours, and its death is a reason, not an end."""

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
"""The shape of a clip that is restored before any is timed: kernels are loaded, devices woken."""
_NO_DEVICE = Absent("it ran on the CPU")
_PATIENCE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """What one clip cost.

    Attributes:
        seconds: per frame, wall time.
        memory: highest resident memory of the peer's process, MB of 1e6 bytes; Python, PyTorch and the
            low-quality clip are in it, restored frames are not kept.
        device_memory: highest memory of tensors on the GPU, MB.
    """

    seconds: Figure
    memory: Figure
    device_memory: Figure


class PeerProcess:
    """Starts with the `with` statement, in which clips can be restored, and is ended with it."""

    def __init__(self, peer: Peer, device: str) -> None:
        context = multiprocessing.get_context("spawn")  # a forked one would begin with our memory
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, peer.load, device), daemon=True)
        self._theirs = theirs
        self.parameters: Figure = Absent("it was not started")
        """Millions of learned numbers, or why there is no such peer."""

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        parameters: int | Absent = self._answer()
        self.parameters = parameters if isinstance(parameters, Absent) else parameters / 1e6
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.close()  # at which it ends by itself, unless it is at work
        if error is None:
            self._process.join(_PATIENCE)
        self._process.terminate()
        self._process.join()

    def restore(self, low: Tensor, target: Path) -> tuple[Tensor, Effort] | Absent:
        """Restore a clip, which is one shot.

        Args:
            low: (T, 3, H, W), uint8, RGB.
            target: a file that may be written; it holds the frames on their way.

        Returns:
            (T, 3, 4H, 4W), uint8, and the effort; or why not.
        """
        if isinstance(self.parameters, Absent):
            return self.parameters
        try:
            self._end.send((low.numpy(), target))
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
            return self._end.recv()
        except (EOFError, OSError):
            return self._death()

    def _death(self) -> Absent:
        self._process.join()
        code = self._process.exitcode or 0
        if code < 0:
            return Absent(f"its process was ended by signal {-code}, perhaps for lack of memory")
        return Absent(f"its process ended with code {code}; what it said stands above")


def _serve(end: Connection, load: Callable[[str], Upscaler], device: str) -> None:
    """The other process: says how many parameters there are, then restores what it is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process has it too, and ends this one
    try:
        peer = load(device)
        for _ in peer(torch.full(_FIRST, 0.5)):
            pass
    except (RestorationError, MemoryError, RuntimeError) as error:
        end.send(_refusal(error))
        return
    end.send(peer.parameters)
    while True:
        try:
            low, target = end.recv()
        except EOFError:
            return
        end.send(_restore(peer, low, target, device))


def _restore(peer: Upscaler, low: NDArray[np.uint8], target: Path, device: str) -> Effort | Absent:
    # The first try took memory there, if the peer runs there.
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
    """Why there is no picture; errors that are bugs are raised again."""
    if isinstance(error, RestorationError):
        return Absent(reason_of(error))
    if isinstance(error, MemoryError) or is_out_of_memory(error):
        return Absent("it ran out of memory")
    raise error
