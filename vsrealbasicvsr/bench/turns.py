"""The stream, the plain network and peers, which restore the clip in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.engine.memory.allocator import freed_memory_kept
from vsrealbasicvsr.engine.memory.out_of_memory import is_out_of_memory
from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.footage import to_eight_bit
from vsrealbasicvsr.evaluate.peers.process import Effort, PeerProcess
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

NO_ROOM = Absent("the plain network does not fit")


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of one stream."""

    clip: float
    window: float
    """Seconds until the frames of the first window were ready."""


class Stream:
    """`Restorer.stream` over the clip.

    Args:
        network: the network; it is copied.
        settings: the settings of the stream.
        frames: (T, 3, H, W), float, 0-1, on the CPU.
        device: the device that runs the network.
    """

    def __init__(
        self, network: RealBasicVSR, settings: Settings, frames: Tensor, device: torch.device
    ) -> None:
        started = time.perf_counter()
        self._restorer = Restorer(network, settings, device=str(device))
        self.making = time.perf_counter() - started
        """Seconds to make the `Restorer`."""
        self.runs: list[Run] = []
        """The times of each run; the first run is the warm-up."""
        self._frames = frames

    def restore(self) -> Tensor:
        """Return the restored clip: (T, 3, 4H, 4W), float32, 0-1, on the CPU."""
        return torch.stack([picture.cpu() for picture in self._restorer.stream(self._frames)])

    def run(self) -> float:
        """Restore the clip, keep no frames, and return the seconds until the last frame is on the host."""
        length = min(self._restorer.settings.window or len(self._frames), len(self._frames))
        window = 0.0
        started = time.perf_counter()
        with freed_memory_kept():  # as in `vsrealbasicvsr restore`
            for number, picture in enumerate(self._restorer.stream(self._frames), 1):
                picture.cpu()
                if number == length:
                    window = time.perf_counter() - started
        self.runs.append(Run(time.perf_counter() - started, window))
        return self.runs[-1].clip

    @property
    def steady(self) -> Run:
        """The best times of all runs except the first."""
        rest = self.runs[1:]
        return Run(min(run.clip for run in rest), min(run.window for run in rest))


class Plain:
    """`RealBasicVSR.forward` on the whole clip at once: eager, fp32, NCHW.

    Args:
        network: the network; it is moved to the device.
        frames: (T, 3, H, W), float, 0-1.
        device: the device that runs it.
    """

    def __init__(self, network: RealBasicVSR, frames: Tensor, device: torch.device) -> None:
        self._network, self._frames, self._device = network, frames, device
        self._fits = True

    def restore(self) -> Tensor | Absent:
        """Return the restored clip: (T, 3, 4H, 4W), float32, 0-1, on the CPU.

        Return `NO_ROOM` if memory is not sufficient; after this, do not try again.
        """
        try:
            if self._fits:
                return self._restored()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        # Free memory outside the handler: in it, the traceback of the error still holds tensors.
        self._fits = False
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return NO_ROOM

    def run(self) -> Figure:
        """Restore the clip and return the seconds."""
        started = time.perf_counter()
        restored = self.restore()
        return restored if isinstance(restored, Absent) else time.perf_counter() - started

    @torch.inference_mode()
    def _restored(self) -> Tensor:
        whole = self._frames.to(self._device)[None]
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # real fp32
            restored: Tensor = self._network.to(self._device)(whole)
        return restored[0].clamp(0.0, 1.0).cpu()


class Rival:
    """A peer in its own process; it waits there, and keeps its memory, during the turns of others.

    It restores the clip once when this object is made.

    Args:
        process: the process, started.
        frames: (T, 3, H, W), float, 0-1, on the CPU.
        target: a file that may be written.
    """

    def __init__(self, process: PeerProcess, frames: Tensor, target: Path) -> None:
        self._process, self._target = process, target
        self._low = torch.stack([to_eight_bit(frame) for frame in frames])
        self.effort = self._restore()
        """The cost of the first run, or the reason why the clip cannot be restored."""

    def run(self) -> Figure:
        """Return the seconds for the clip, measured in its process; do not retry if the first run failed."""
        effort = self.effort if isinstance(self.effort, Absent) else self._restore()
        if isinstance(effort, Absent):
            return effort
        return effort.seconds if isinstance(effort.seconds, Absent) else effort.seconds * len(self._low)

    def _restore(self) -> Effort | Absent:
        done = self._process.restore(self._low, self._target)
        return done if isinstance(done, Absent) else done[1]


def best_of_turns(works: Mapping[str, Callable[[], Figure]], rounds: int) -> dict[str, Figure]:
    """Run all work in turns, so that a busy machine slows all of it equally; return the shortest times.

    Args:
        works: functions that do the work and return its seconds, or a reason why it cannot be done. A reason
            is then the result.
        rounds: number of turns, at least 1.
    """
    turns = [{name: work() for name, work in works.items()} for _ in range(rounds)]
    return {name: _best([turn[name] for turn in turns]) for name in works}


def _best(figures: Sequence[Figure]) -> Figure:
    absent = next((figure for figure in figures if isinstance(figure, Absent)), None)
    return absent or min(figure for figure in figures if not isinstance(figure, Absent))
