"""The paper's Table 1 on this machine: the time that is saved by loading half of the frames.

Three schemes give the network the same number of low-quality frames. *conventional* loads all of them and
draws the degradation once per clip. *flip only* loads half of them and mirrors them. *stochastic* also loads
half and lets the degradation walk from frame to frame.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from training.data.clips import Clip
from training.data.loader import make_loader
from training.data.options import DataOptions
from training.data.positions import Positions
from training.data.samples import TrainingClips, collate
from training.data.survey import find_clips
from training.degradation.options import (
    BlurOptions,
    CompressionOptions,
    DegradationOptions,
    FinalOptions,
    JpegOptions,
    NoiseOptions,
    OrderOptions,
    ResizeOptions,
)
from training.processes import Processes
from training.stage import NetworkOptions, Stage
from training.state import initial_state
from training.update.feed import clips_of
from training.update.objective import Clips, Objective
from training.update.step import Step
from vsrealbasicvsr.network.basicvsr import SCALE

SCHEMES = ("conventional", "flip only", "stochastic")
BOUNDS = ("loader", "compute")
# Factor of the iterations if the loader is the limit, because times per clip vary and iterations are short.
_LOADED = 8
_NEVER = OrderOptions(
    blur=BlurOptions(probability=0.0),
    resize=ResizeOptions(probability=0.0),
    noise=NoiseOptions(probability=0.0),
    jpeg=JpegOptions(probability=0.0),
    compression=CompressionOptions(probability=0.0),
)


@dataclass(frozen=True, slots=True)
class Row:
    """The times of one scheme, in seconds.

    Attributes:
        scheme: one of `SCHEMES`.
        bound: `loader`: all degradations, and one convolution to train. `compute`: nearly no degradations,
            and the network to train.
        sample: time of one clip, made in this process without other work.
        iteration: mean time of one iteration of the training.
        waiting: mean time per iteration that the loop waited for the loader.
    """

    scheme: str
    bound: str
    sample: float
    iteration: float
    waiting: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """The settings of a measurement.

    Attributes:
        frames: number of frames of each low clip.
        low_size: side of the low frames in pixels.
        batch: clips per iteration.
        workers: number of loader processes.
        iterations: number of timed iterations, after two for warm-up; eight times as many if the loader is
            the limit.
        channels: channels of the network.
        blocks: residual blocks of the cleaning network, and of each direction.
    """

    frames: int = 30
    low_size: int = 64
    batch: int = 1
    workers: int = 2
    iterations: int = 5
    channels: int = 16
    blocks: int = 4


def table_1(case: Case, clips: tuple[Clip, ...], processes: Processes) -> Iterator[Row]:
    """Measure every scheme, loader-bound and compute-bound, in the same run."""
    for bound in BOUNDS:
        for scheme in SCHEMES:
            yield _measure(_stage(case, scheme, bound), scheme, bound, clips, processes)


def footage(folder: Path, count: int) -> Path:
    """Write a clip of noise-like texture as 1280x720 PNG, as in REDS; return the folder that holds it."""
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.random((200, 350, 3)), (1400, 800), interpolation=cv2.INTER_CUBIC)
    texture = np.clip(255 * (coarse + 0.05 * rng.standard_normal(coarse.shape)), 0, 255).astype(np.uint8)
    (folder / "000").mkdir(parents=True)
    for number in range(count):
        view = texture[number : number + 720, 2 * number : 2 * number + 1280]
        cv2.imwrite(str(folder / "000" / f"{number:08}.png"), view, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return folder


def find(folder: Path, case: Case) -> tuple[Clip, ...]:
    """Find the clips of a folder that are long enough for every scheme."""
    options = DataOptions(low_size=case.low_size, frames=case.frames, mirror=False)
    return find_clips([folder], [], options=options, count=case.frames, side=case.low_size * SCALE).clips


def machine(device: torch.device) -> dict[str, str | int]:
    """Return what the figures depend on, other than the code."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {
        "torch": torch.__version__, "opencv": cv2.__version__, "python": platform.python_version(),
        "cores": os.cpu_count() or 0, "device": name,
    }  # fmt: skip


def as_json(case: Case, rows: list[Row], device: torch.device) -> dict[str, object]:
    """Return the figures with everything that they depend on."""
    return {"case": asdict(case), "rows": [asdict(row) for row in rows], "machine": machine(device)}


def _stage(case: Case, scheme: str, bound: str) -> Stage:
    degradation = DegradationOptions(random_walk=scheme == "stochastic")
    if bound == "compute":
        final = FinalOptions(sinc_probability=0.0)
        degradation = replace(degradation, first=_NEVER, second=_NEVER, final=final)
    return Stage(
        iterations=case.iterations * (_LOADED if bound == "loader" else 1) + 2,
        batch=case.batch,
        data=DataOptions(
            low_size=case.low_size, frames=case.frames, mirror=scheme != "conventional", workers=case.workers
        ),
        degradation=degradation,
        network=NetworkOptions(
            mid_channels=case.channels, propagation_blocks=case.blocks, cleaning_blocks=case.blocks
        ),
    )


def _measure(stage: Stage, scheme: str, bound: str, clips: tuple[Clip, ...], processes: Processes) -> Row:
    dataset = TrainingClips(clips, stage.data, stage.degradation, stage.seed)
    began = time.perf_counter()
    for position in range(stage.iterations // 2):
        dataset[position]
    sample = (time.perf_counter() - began) / (stage.iterations // 2)
    step = _network_step(stage, processes) if bound == "compute" else _tiny_step(processes.device)
    positions = Positions(
        first_iteration=0, iterations=stage.iterations, batch=stage.batch, processes=1, rank=0, accumulation=1
    )
    loader = iter(make_loader(dataset, positions, collate, workers=stage.data.workers, pin_memory=False))
    whole, waiting = [], []
    for _ in range(stage.iterations):
        start = time.perf_counter()
        parts = list(islice(loader, 1))
        waited = time.perf_counter()
        step(clips_of(parts[0], stage, processes.device))
        whole.append(time.perf_counter() - start)
        waiting.append(waited - start)
    return Row(scheme, bound, sample, float(np.mean(whole[2:])), float(np.mean(waiting[2:])))


def _network_step(stage: Stage, processes: Processes) -> Callable[[Clips], object]:
    state = initial_state(stage, processes.device)
    step = Step(stage, state, Objective(stage.losses, None), processes)
    return lambda clips: step([clips])


def _tiny_step(device: torch.device) -> Callable[[Clips], object]:
    """Return a step that trains one convolution. RealBasicVSR is never small: it ends in 64 channels."""
    network = nn.Conv2d(3, 3, 3, padding=1).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)

    def step(clips: Clips) -> None:
        low = clips.low.flatten(0, 1)
        optimizer.zero_grad()
        torch.autograd.backward((network(low) - low).abs().mean())
        optimizer.step()

    return step
