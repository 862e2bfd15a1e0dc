"""Filling of a pool: loader processes degrade clips, a teacher restores them, targets are reduced."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.data.loader import is_lost_worker, make_loader
from training.data.positions import Positions
from training.data.samples import Batch, TrainingClips, collate
from training.data.survey import find_clips
from training.errors import TrainingError
from training.model.teacher import answer, load_teacher
from training.options import require
from training.pool.shards import LOW, Pool, eight_bit
from training.reduction import reduced_bicubically, reduced_by_area
from training.stage import Stage
from vsrealbasicvsr.network.basicvsr import SCALE

CLIPS_OF_A_SHARD = 32
_CLIPS_AT_ONCE = 4  # clips per batch; one of 5 frames of 256x256 with its sharpened floats takes 5 MB
_NEARLY_CLEAN = 2.0 / 255  # mean absolute difference from the truth, below which a teacher does not help

log = logging.getLogger("training")

_REDUCTIONS = {"area": reduced_by_area, "bicubic": reduced_bicubically}

OnProgress = Callable[[int], object]


def fill(
    stage: Stage, folder: Path, *, count: int, frames: int, teacher: Path | None,
    progress: OnProgress = lambda samples: None,
) -> int:  # fmt: skip
    """Make samples until a pool has `count` of them. Existing shards are kept; missing shards are made again.

    `frames` random frames of each clip are used. The other frames are made because video compression and
    random walks need neighbours. Ground truth is never sharpened, neither the targets nor the input of the
    degradation, because a clean frame must equal its target. The teacher restores only damaged frames. For
    nearly clean frames, the truth replaces the teacher's picture.

    Args:
        stage: `sources`, `data`, `degradation`, `seed` and `optimizer.precision` (of the teacher) are read.
        folder: folder of the pool.
        count: number of samples to reach; rounded up to whole shards.
        frames: number of frames to use from each clip.
        teacher: a folder with Real-ESRGAN x4plus in ncnn's files; None omits the teacher's targets.
        progress: called with the present number of samples.

    Returns:
        The number of samples in the pool.

    Raises:
        TrainingError: the data or the teacher cannot be used, the folder holds another pool, or a loader
            process was lost.
    """
    require(
        not stage.data.mirror and stage.data.degrade == "workers",
        'A pool needs data.mirror = false and data.degrade = "workers".',
    )
    require(
        1 <= frames <= stage.data.frames,
        f"--frames must be 1 to {stage.data.frames}, which data.frames is, not {frames}.",
    )
    stage = replace(stage, degradation=replace(stage.degradation, sharpen=False))
    sources = stage.sources
    pool = Pool(folder)
    network = None if teacher is None else load_teacher(teacher)
    survey = find_clips(
        _folders(sources.data), _folders(sources.photos),
        drawings=_folders(sources.drawings), fonts=_folders(sources.fonts),
        options=stage.data, count=stage.data.frames, side=stage.data.low_size * SCALE,
        cache=folder / "survey", progress=log.info,
    )  # fmt: skip
    for line in survey.left_out():
        log.warning(line)
    names = [clip.name for clip in survey.clips]
    pool.begin(_facts(stage, frames, names, network))
    a_shard = CLIPS_OF_A_SHARD * frames
    samples = len(pool.shards()) * a_shard
    progress(samples)
    clips = TrainingClips(survey.clips, stage.data, stage.degradation, stage.seed)
    for numbers in pool.missing(-(-count // a_shard)):
        for number, batches in _shard_batches(stage, clips, numbers):
            for message in dict.fromkeys(message for _, batch in batches for message in batch.damaged):
                log.warning("another clip was taken instead: %s", message)
            parts = [_samples(batch, frames, stage, network) for batch in batches]
            pool.write(
                number, {name: torch.cat([part[name] for part in parts]).contiguous() for name in parts[0]}
            )
            samples += a_shard
            progress(samples)
    return samples


def _folders(names: Sequence[str]) -> list[Path]:
    # A pool identifies its clips by their names, which must not depend on the working directory.
    return [Path(name).resolve() for name in names]


def _facts(stage: Stage, frames: int, names: list[str], network: nn.Module | None) -> dict[str, Any]:
    data = asdict(stage.data)
    del data["workers"], data["cache_megabytes"]  # these do not change samples
    if not stage.sources.drawings:
        del data["drawings"]
    if not stage.sources.fonts:
        del data["text"]
    return {
        "data": data,
        "degradation": asdict(stage.degradation),
        "seed": stage.seed,
        "frames": frames,
        "clips": hashlib.sha256("\n".join(names).encode()).hexdigest(),
        "teacher": "" if network is None else f"{_fingerprint(network)} {stage.optimizer.precision}",
    }


def _fingerprint(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for tensor in network.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _shard_batches(
    stage: Stage, clips: TrainingClips, numbers: range
) -> Iterator[tuple[int, list[tuple[int, Batch]]]]:
    """Yield the loader's batches shard by shard, each with the position of its first clip."""
    a_shard = CLIPS_OF_A_SHARD // _CLIPS_AT_ONCE
    positions = Positions(
        first_iteration=numbers.start * a_shard, iterations=len(numbers) * a_shard, batch=_CLIPS_AT_ONCE
    )
    batches = iter(make_loader(clips, positions, collate, workers=stage.data.workers, pin_memory=False))
    for number in numbers:
        begin = number * CLIPS_OF_A_SHARD
        with _lost_workers_explained():
            placed = [(begin + place * _CLIPS_AT_ONCE, next(batches)) for place in range(a_shard)]
        yield number, placed


@contextmanager
def _lost_workers_explained() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, EOFError, ConnectionError) as error:
        if not is_lost_worker(error):
            raise
        raise TrainingError(
            "A loader process ended, perhaps for want of memory: try a smaller data.workers. Run it again to "
            "go on."
        ) from error


def _samples(
    placed: tuple[int, Batch], frames: int, stage: Stage, network: nn.Module | None
) -> dict[str, Tensor]:
    position, batch = placed
    if batch.low is None:
        raise AssertionError("a pool's samples are degraded in loader processes")
    chosen = [_drawn(stage.seed, position + place, len(low), frames) for place, low in enumerate(batch.low)]
    low = torch.cat([clip[picks] for clip, picks in zip(batch.low, chosen, strict=True)])
    truth = torch.cat([clip[picks] for clip, picks in zip(batch.truth, chosen, strict=True)]).float() / 255
    samples = {LOW: low} | _targets("truth", truth)
    if network is not None:
        samples |= _teacher_targets(samples, network, half=stage.optimizer.precision == "bf16")
    return samples


def _teacher_targets(samples: dict[str, Tensor], network: nn.Module, *, half: bool) -> dict[str, Tensor]:
    """Return the teacher's targets; for a frame that is nearly clean, those of the ground truth."""
    low = samples[LOW]
    truths = [samples[f"truth_{filter}"] for filter in _REDUCTIONS]
    harm = torch.stack([(low.float() - truth.float()).abs().mean((1, 2, 3)) / 255 for truth in truths])
    damaged = harm.amin(0) >= _NEARLY_CLEAN
    targets = {f"teacher_{filter}": samples[f"truth_{filter}"].clone() for filter in _REDUCTIONS}
    if damaged.any():
        frames = low[damaged].float() / 255
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            pictures = answer(network, frames)
        for name, target in _targets("teacher", pictures).items():
            targets[name][damaged] = target
    return targets


def _drawn(seed: int, position: int, available: int, count: int) -> list[int]:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, position, count])))
    return sorted(rng.choice(available, count, replace=False).tolist())


def _targets(name: str, frames: Tensor) -> dict[str, Tensor]:
    return {f"{name}_{filter}": eight_bit(reduce(frames)) for filter, reduce in _REDUCTIONS.items()}
