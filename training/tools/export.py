"""Export of weights for the filter from a training run."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from training.checkpoint import BEST, Checkpoints
from training.errors import TrainingError
from vsrealbasicvsr import __version__
from vsrealbasicvsr.network import load
from vsrealbasicvsr.weights.convert import Precision, convert
from vsrealbasicvsr.weights.known import sha256
from vsrealbasicvsr.weights.refinement import RefinementDefaults
from vsrealbasicvsr.weights.untrusted_torch import read_torch

log = logging.getLogger("training")

Which = Literal["best", "latest"]
_NO_DEFAULTS = RefinementDefaults()
_ONE_PASS = 255.0
_START_WARNING = 0.05  # share of the initial weights in the average, above which there is a warning


def export(
    run: Path,
    target: Path,
    *,
    precision: Precision = "fp16",
    which: Which | None = None,
    licence: str = "",
    refinement: RefinementDefaults = _NO_DEFAULTS,
) -> Path:
    """Write the moving average of a run as release weights.

    The metadata record the origin: program, commit, iterations, configuration, data and licence. Files and
    folders are named without their location on this machine.

    Args:
        run: folder of a run, or one checkpoint.
        target: a `.safetensors` file; it is replaced if it exists.
        precision: precision of the written tensors.
        which: checkpoint of the folder; None uses the best if validation chose one, otherwise the latest.
        licence: SPDX name or sentence for the metadata. The licence of the training data may bind you.
        refinement: the defaults of `refine` and `max_passes` with these weights, for the metadata. A value
            of None is taken from the run if it trained with a `network.refinement_threshold` below 255.

    Returns:
        The checkpoint that was exported.

    Raises:
        TrainingError: there is no checkpoint.
        WeightsError: the checkpoint is damaged or does not fit the filter or the precision, or the weights
            cannot be written.
    """
    checkpoint = _checkpoint(run, which)
    _warn_of_initial_weights(checkpoint)
    load(checkpoint)  # a check: what the filter cannot load raises an error before anything is written
    refinement = refinement.above(_trained_with(checkpoint))
    convert(checkpoint, target, precision, origin=_provenance(checkpoint, licence), refinement=refinement)
    return checkpoint


def _trained_with(checkpoint: Path) -> RefinementDefaults:
    """Return the run's dynamic refinement; no values if each frame was cleaned once, as in the paper."""
    network = tomllib.loads(str(_meta(checkpoint).get("configuration", ""))).get("network", {})
    threshold = network.get("refinement_threshold", _ONE_PASS)
    if threshold >= _ONE_PASS:
        return _NO_DEFAULTS
    return RefinementDefaults(threshold, network.get("max_passes"))


def _checkpoint(run: Path, which: Which | None) -> Path:
    if run.is_file():
        return run
    checkpoints = Checkpoints(run / "checkpoints", keep=0)
    best, numbered = checkpoints.folder / BEST, checkpoints.all()
    if which != "latest" and best.is_file():
        return best
    if which == "best" or not numbered:
        raise TrainingError(f"{run} holds no {which + ' ' if which else ''}checkpoint to export.")
    return numbered[-1]


def _warn_of_initial_weights(checkpoint: Path) -> None:
    """Warn if the average still contains much of the initial weights, as after a short run."""
    meta = _meta(checkpoint)
    average = tomllib.loads(str(meta.get("configuration", ""))).get("optimizer", {}).get("average")
    if average is None or not isinstance(meta.get("iteration"), int):
        return
    share = average ** meta["iteration"]
    if share > _START_WARNING:
        log.warning(
            "after %d iterations the averaged weights are still %.0f %% what the run began with; train "
            "longer, or with a smaller optimizer.average", meta["iteration"], 100 * share,
        )  # fmt: skip


def _meta(checkpoint: Path) -> Mapping[str, Any]:
    content = read_torch(checkpoint)
    meta = content.get("meta") if isinstance(content, Mapping) else None
    return meta if isinstance(meta, Mapping) and "configuration" in meta else {}


def _provenance(checkpoint: Path, licence: str) -> str:
    meta = _meta(checkpoint)
    configuration = _without_places(tomllib.loads(str(meta.get("configuration", ""))))
    facts = {
        "program": meta.get("program", f"vsrealbasicvsr {__version__}"),
        "commit": meta.get("commit", ""),
        "iterations": meta.get("iteration"),
        "data": configuration.get("sources", {}),
        "configuration": configuration,
        "licence": licence,
        "weights": f"{checkpoint.name}, SHA-256 {sha256(checkpoint)}",
    }
    return json.dumps(facts, sort_keys=True)


def _without_places(value: Any) -> Any:
    """Reduce absolute paths to their last part; leave everything else unchanged."""
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_places(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
