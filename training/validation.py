"""Validation of the averaged weights on clips that are not trained on."""

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
_PAIRS = (("low", "truth"), ("BIx4", "GT"))  # names of folders: ours; UDM10's (specification, section 7.1)
_SEED = 20_260_000  # of the degradation of validation clips: constant, so that runs can be compared


class Pair(Protocol):
    """A clip to validate on."""

    def load(self) -> tuple[Tensor, Tensor]:
        """Return low (T, 3, H, W) and truth (T, 3, 4H, 4W), float32, 0-1."""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """Picture files of low quality and of ground truth, in the same order.

    Attributes:
        low: low-quality pictures.
        truth: pictures of ground truth, as many as `low`, four times as high and wide.
    """

    low: tuple[Path, ...]
    truth: tuple[Path, ...]

    def load(self) -> tuple[Tensor, Tensor]:
        """Read both; raise ClipError if a file has been damaged since it was found."""
        return _stack(self.low), _stack(self.truth)


@dataclass(frozen=True, slots=True)
class DegradedClip:
    """A clip of ground truth, degraded as in training, with a constant seed."""

    clips: TrainingClips
    position: int

    def load(self) -> tuple[Tensor, Tensor]:
        """Cut out a piece and degrade it. The truth is sharpened, as for the losses."""
        sample = self.clips[self.position]
        if sample.low is None or sample.sharpened is None:
            raise AssertionError("validation degrades where it loads")
        return sample.low.float() / 255.0, sample.sharpened


def find_pairs(stage: Stage, cache: Path) -> tuple[Pair, ...]:
    """Find the clips of the validation folder; return none if the stage has no such folder.

    If the folder has subfolders `low` and `truth` (or UDM10's `BIx4` and `GT`), their pictures are used as
    they are; both hold clips of the same names. Any other folder is ground truth like training data, which is
    degraded with a fixed seed.

    Args:
        stage: `sources.validation` and the options of data and degradation.
        cache: folder for the saved survey of video files.

    Raises:
        TrainingError: the folder does not exist, nothing in it can be used, or low and truth do not match.
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
        clips = find_clips(
            [folder], [], options=data, count=data.frames, side=data.low_size * SCALE, cache=cache,
            count_option="record.validation_frames",
        ).clips  # fmt: skip
    except TrainingError as error:
        raise TrainingError(f"--validate: {error}") from error
    return _degraded(clips, TrainingClips(clips, data, stage.degradation, _SEED))


def validate(
    network: RealBasicVSR, pairs: Sequence[Pair], stage: Stage, processes: Processes, lpips: Lpips | None
) -> dict[str, float]:
    """Return the mean of each measure over all clips. The processes share the clips.

    Args:
        network: the network to validate; it is not changed.
        pairs: the clips, the same in every process.
        stage: its options say how often frames are cleaned.
        processes: the processes that share the work.
        lpips: the LPIPS measure; None omits it.

    Returns:
        psnr in dB, ssim, lpips if it is available, and the number of clips. For a cleaning stage also
        psnr_low in dB, which compares the cleaned frames with the truth reduced by area.
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
    """Return whether a value is better than the best so far. LPIPS is better when it is lower."""
    if math.isnan(value):
        return False
    return best is None or (value < best if measure == "lpips" else value > best)


class _Restoring:
    """Restores clips with the inference engine; the recurrent ablation, which it cannot run, directly."""

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
        """Return the cleaned frames, which propagation gets; shape (T, 3, H, W) as `low`."""
        clean = partial(
            self._network.clean, refinement_threshold=self._threshold, max_passes=self._max_passes
        )
        # One frame at a time, because a long clip may not fit in memory. Passes are counted per frame, so
        # this does not change the result.
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
    """Check counts and sizes now, from the file headers; the first validation may be hours later."""
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


def _degraded(clips: Sequence[Clip], samples: TrainingClips) -> tuple[Pair, ...]:
    # The positions of the first epoch hold each clip once, in the order of the epoch's permutation.
    return tuple(DegradedClip(samples, position) for position in range(len(clips)))


def _stack(paths: Sequence[Path]) -> Tensor:
    pictures = [read_picture(path) for path in paths]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255.0
