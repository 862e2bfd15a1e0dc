"""Who restores the clip, and taking turns at it."""

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
    """Seconds that one stream took."""

    clip: float
    window: float
    """Until the frames of the first window were out."""


class Stream:
    """`Restorer.stream` over the clip.

    Args:
        network: copied.
        settings: how to restore.
        frames: (T, 3, H, W), float, 0-1, on the CPU.
        device: where the network runs.
    """

    def __init__(
        self, network: RealBasicVSR, settings: Settings, frames: Tensor, device: torch.device
    ) -> None:
        started = time.perf_counter()
        self._restorer = Restorer(network, settings, device=str(device))
        self.making = time.perf_counter() - started
        """Seconds that the `Restorer` took."""
        self.runs: list[Run] = []
        """What each run took; the first one is the warm-up."""
        self._frames = frames

    def restore(self) -> Tensor:
        """(T, 3, 4H, 4W), float32, 0-1, on the CPU."""
        return torch.stack([picture.cpu() for picture in self._restorer.stream(self._frames)])

    def run(self) -> float:
        """Seconds for the clip, of which nothing is kept; a frame is done when it is on the host."""
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
        """The best of all runs but the first."""
        rest = self.runs[1:]
        return Run(min(run.clip for run in rest), min(run.window for run in rest))


class Plain:
    """`RealBasicVSR.forward` on the whole clip at once: eager, fp32, NCHW.

    Args:
        network: moved to the device.
        frames: (T, 3, H, W), float, 0-1.
        device: where it runs.
    """

    def __init__(self, network: RealBasicVSR, frames: Tensor, device: torch.device) -> None:
        self._network, self._frames, self._device = network, frames, device
        self._fits = True

    def restore(self) -> Tensor | Absent:
        """(T, 3, 4H, 4W), float32, 0-1, on the CPU; `NO_ROOM` where memory does not suffice, from then on."""
        try:
            if self._fits:
                return self._restored()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        # Not in the handler: the error's traceback holds tensors.
        self._fits = False
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return NO_ROOM

    def run(self) -> Figure:
        """Seconds for the clip."""
        started = time.perf_counter()
        restored = self.restore()
        return restored if isinstance(restored, Absent) else time.perf_counter() - started

    @torch.inference_mode()
    def _restored(self) -> Tensor:
        whole = self._frames.to(self._device)[None]
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # fp32 as it is called
            restored: Tensor = self._network.to(self._device)(whole)
        return restored[0].clamp(0.0, 1.0).cpu()


class Rival:
    """A peer, which waits in a process of its own while others have their turns; its memory stays with it.

    It restores the clip once when it is made.

    Args:
        process: started.
        frames: (T, 3, H, W), float, 0-1, on the CPU.
        target: a file that may be written.
    """

    def __init__(self, process: PeerProcess, frames: Tensor, target: Path) -> None:
        self._process, self._target = process, target
        self._low = torch.stack([to_eight_bit(frame) for frame in frames])
        self.effort = self._restore()
        """What the clip took the first time, or why it cannot be restored."""

    def run(self) -> Figure:
        """Seconds for the clip, as its process counts them; what failed at first is not tried again."""
        effort = self.effort if isinstance(self.effort, Absent) else self._restore()
        if isinstance(effort, Absent):
            return effort
        return effort.seconds if isinstance(effort.seconds, Absent) else effort.seconds * len(self._low)

    def _restore(self) -> Effort | Absent:
        done = self._process.restore(self._low, self._target)
        return done if isinstance(done, Absent) else done[1]


def best_of_turns(works: Mapping[str, Callable[[], Figure]], rounds: int) -> dict[str, Figure]:
    """The shortest time of each; all work in turns, so that a busy machine slows them alike.

    Args:
        works: do their work and return its seconds, or why it cannot be done: that stands then.
        rounds: turns for each, at least 1.
    """
    turns = [{name: work() for name, work in works.items()} for _ in range(rounds)]
    return {name: _best([turn[name] for turn in turns]) for name in works}


def _best(figures: Sequence[Figure]) -> Figure:
    absent = next((figure for figure in figures if isinstance(figure, Absent)), None)
    return absent or min(figure for figure in figures if not isinstance(figure, Absent))
