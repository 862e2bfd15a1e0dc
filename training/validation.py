"""How good the moving average is on clips it does not learn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from training.data.clips import Clip
from training.data.samples import TrainingClips
from training.data.survey import find_clips
from training.data.synthetic.pictures import list_pictures, picture_size, read_picture
from training.errors import TrainingError
from training.metrics.lpips import Lpips
from training.metrics.psnr_ssim import psnr, ssim
from training.model.recurrent_cleaning import RecurrentlyCleaned
from training.options import require
from training.processes import Processes
from training.reduction import reduced_by_area
from training.stage import Stage
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.settings import Settings

MEASURES = ("psnr", "ssim", "lpips")
_PAIRS = (("low", "truth"), ("BIx4", "GT"))  # ours; UDM10's (SPEC 7.1)
_SEED = 20_260_000  # of the damage to validation clips: the same in every run, so that runs compare


class Pair(Protocol):
    """A clip to validate on."""

    def load(self) -> tuple[Tensor, Tensor]:
        """Low (T, 3, H, W) and truth (T, 3, 4H, 4W), float32, 0-1."""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """Picture files of one size and others, in the same order.

    Attributes:
        low: low-quality pictures.
        truth: as many, four times as large.
    """

    low: tuple[Path, ...]
    truth: tuple[Path, ...]

    def load(self) -> tuple[Tensor, Tensor]:
        """Read both; ClipError where a file has been damaged since it was found."""
        return _stack(self.low), _stack(self.truth)


@dataclass(frozen=True, slots=True)
class DegradedClip:
    """A clip of ground truth, degraded as in training, with a seed of its own that never changes."""

    clips: TrainingClips
    position: int

    def load(self) -> tuple[Tensor, Tensor]:
        """Cut out and degrade; the target is the sharpened truth, as for the losses."""
        sample = self.clips[self.position]
        if sample.low is None or sample.sharpened is None:
            raise AssertionError("validation degrades where it loads")
        return sample.low.float() / 255.0, sample.sharpened


def find_pairs(stage: Stage, cache: Path) -> tuple[Pair, ...]:
    """The clips of the validation folder; none where the stage has no such folder.

    A folder that holds `low` and `truth` (or UDM10's `BIx4` and `GT`) is taken as it is: clips of the same
    name in both. Any other is ground truth like training data, degraded with a fixed seed.

    Args:
        stage: `sources.validation` and the options of data and degradation.
        cache: where a survey of video files is remembered.

    Raises:
        TrainingError: the folder does not exist, nothing in it can be used, or low and truth do not fit.
        ClipError: a picture of low or truth is damaged.
    """
    if not stage.sources.validation:
        return ()
    folder, frames = Path(stage.sources.validation), stage.record.validation_frames
    for low, truth in _PAIRS:
        if (folder / low).is_dir() and (folder / truth).is_dir():
            return _folder_pairs(folder / low, folder / truth, frames)
    data = replace(
        stage.data, frames=frames or stage.data.frames, mirror=False, flips=False, transpose=False,
        degrade="workers",
    )  # fmt: skip
    try:
        found = find_clips(
            [folder], [], options=data, count=data.frames, side=data.low_size * SCALE, cache=cache,
            count_option="record.validation_frames",
        ).clips  # fmt: skip
    except TrainingError as error:
        raise TrainingError(f"--validate: {error}") from error
    return _degraded(found, TrainingClips(found, data, stage.degradation, _SEED))


def validate(
    network: RealBasicVSR, pairs: Sequence[Pair], stage: Stage, processes: Processes, lpips: Lpips | None
) -> dict[str, float]:
    """The mean of each measure over all clips, every process taking its share.

    Args:
        network: restores; not changed.
        pairs: the same in every process.
        stage: how often frames are cleaned.
        processes: who shares the work.
        lpips: None leaves that measure out.

    Returns:
        psnr in dB, ssim, lpips where it can be had, and the number of clips. Of a cleaning stage also
        psnr_low in dB: the cleaned frames against the truth reduced by area.
    """
    names = [*(MEASURES if lpips else MEASURES[:2]), *(["psnr_low"] if stage.cleaning else [])]
    sums = torch.zeros(len(names) + 1, dtype=torch.float64, device=processes.device)
    restorer = _Restoring(network, stage, processes.device)
    for pair in pairs[processes.rank :: processes.count]:
        low, truth = pair.load()
        restored = restorer(low).cpu()
        values = [psnr(restored, truth), ssim(restored, truth)]
        if lpips is not None:
            values.append(lpips(restored, truth))
        if stage.cleaning:
            values.append(psnr(restorer.cleaned(low).cpu(), reduced_by_area(truth)))
        sums += torch.tensor([*values, 1.0], dtype=torch.float64, device=processes.device)
    *totals, count = processes.summed(sums).tolist()
    means = {name: total / count for name, total in zip(names, totals, strict=True)}
    return means | {"clips": count}


def is_better(measure: str, value: float, best: float | None) -> bool:
    """Whether a value of a measure beats the best one so far; LPIPS is better when lower."""
    if math.isnan(value):
        return False
    return best is None or (value < best if measure == "lpips" else value > best)


class _Restoring:
    """Restores clips with the engine that users have; the ablation, which it does not know, directly."""

    def __init__(self, network: RealBasicVSR, stage: Stage, device: torch.device) -> None:
        options = stage.network
        settings = Settings(
            refine=options.refinement_threshold, max_passes=options.max_passes, precision="fp32"
        )
        self._network, self._device = network, device
        self._threshold, self._max_passes = options.refinement_threshold, options.max_passes
        recurrent = isinstance(network, RecurrentlyCleaned)
        self._engine = None if recurrent else Restorer(network, settings, str(device))

    @torch.no_grad()
    def __call__(self, low: Tensor) -> Tensor:
        if self._engine is not None:
            return torch.stack(list(self._engine.stream(low)))
        restored: Tensor = self._network(low[None].to(self._device))
        return restored[0].clamp(0.0, 1.0)

    @torch.no_grad()
    def cleaned(self, low: Tensor) -> Tensor:
        """The frames that propagation gets: (T, 3, H, W) to the same."""
        clean = partial(
            self._network.clean, refinement_threshold=self._threshold, max_passes=self._max_passes
        )
        # One at a time, for a clip may be longer than what fits; passes are counted for each frame alone.
        return torch.cat([clean(frame[None].to(self._device))[0] for frame in torch.split(low, 1)])


def _folder_pairs(low: Path, truth: Path, frames: int) -> tuple[Pair, ...]:
    names = sorted(path.name for path in low.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names and list_pictures(low):
        return (_folder_pair(low, truth, frames),)
    missing = [name for name in names if not (truth / name).is_dir()]
    require(bool(names), f"{low} holds neither pictures nor folders of pictures.")
    require(not missing, f"{truth} has no clip {missing[:1]}, which {low} has.")
    return tuple(_folder_pair(low / name, truth / name, frames) for name in names)


def _folder_pair(low: Path, truth: Path, frames: int) -> FolderPair:
    """Refused here, from the files' heads, and not after the hours until the first validation."""
    pair = FolderPair(*(tuple(list_pictures(folder)[: frames or None]) for folder in (low, truth)))
    height, width = _common_size(low, pair.low)
    require(
        len(pair.low) == len(pair.truth)
        and _common_size(truth, pair.truth) == (height * SCALE, width * SCALE),
        f"{truth} does not fit {low}: it must hold as many pictures, four times as large.",
    )
    return pair


def _common_size(folder: Path, pictures: Sequence[Path]) -> tuple[int, int]:
    require(bool(pictures), f"{folder} holds no pictures.")
    sizes = {picture_size(path) for path in pictures}
    require(len(sizes) == 1, f"{folder} holds pictures of different sizes; a clip has one size.")
    return sizes.pop()


def _degraded(found: Sequence[Clip], clips: TrainingClips) -> tuple[Pair, ...]:
    # Positions of the first epoch: each clip once, in the order of its permutation.
    return tuple(DegradedClip(clips, position) for position in range(len(found)))


def _stack(paths: Sequence[Path]) -> Tensor:
    pictures = [read_picture(path) for path in paths]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255.0
