"""The diagnosis from files to a report, with its options from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from training.diagnosis.diagnose import ClipScores, diagnose, loaded, measured
from training.diagnosis.replacements import BASICVSR, replacements
from training.diagnosis.table import means, to_json, to_text
from training.model.teacher import load_teacher
from training.options import require
from vsrealbasicvsr import weights
from vsrealbasicvsr.bench.machine import machine
from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
from vsrealbasicvsr.evaluate.samples import find_samples
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.weights.known import sha256


class Watch(Protocol):
    """A display of the progress."""

    def __call__(self, rows: Iterable[ClipScores], total: int) -> Iterable[ClipScores]:
        """Yield the same rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """The options of a diagnosis.

    Attributes:
        truth: a clip or a folder of clips of ground truth.
        teacher: the folder with the teacher's files.
        networks: weights to diagnose, each as NAME=FILE, or a known name alone.
        start: weights of BasicVSR before any training; None omits the rows that need them.
        degradations: names of recipes; empty means all.
        frames: largest number of frames of each clip.
        settings: `refine` and `max_passes` are read; where they are None, each network's weights decide.
    """

    truth: Path
    teacher: Path
    networks: tuple[str, ...] = ()
    start: Path | None = None
    degradations: tuple[str, ...] = ()
    frames: int = 5
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        require(self.frames > 0, f"frames must be 1 or more, not {self.frames}.")
        require(
            len(self.weights) == len(self.networks),
            "Two weights have the same name: write NAME=FILE with a name of its own for each.",
        )
        known = [recipe.name for recipe in RECIPES]
        unknown = next((name for name in self.degradations if name not in known), None)
        require(unknown is None, f"There is no degradation {unknown!r}; there are {', '.join(known)}.")

    @property
    def weights(self) -> dict[str, str]:
        """Files, or names of known weights, by the name of their rows."""
        parts = (item.partition("=") for item in self.networks)
        return {name: file or name for name, _, file in parts}


def run(order: Order, watch: Watch = lambda rows, total: rows) -> tuple[str, dict[str, Any]]:
    """Run the diagnosis. Return the table as text, and all figures for JSON.

    Args:
        order: options of the diagnosis.
        watch: gets the rows as they are computed, and their total number.

    Raises:
        TrainingError: the teacher cannot be read, or a metric is not available.
        WeightsError: other weights cannot be read.
        VideoError: there are no clips, or one cannot be read.
    """
    metrics = measured()
    measures = loaded(metrics)
    recipes = [recipe for recipe in RECIPES if recipe.name in order.degradations or not order.degradations]
    samples = find_samples(order.truth, None, recipes)
    files = {name: weights.resolve(file) for name, file in order.weights.items()}
    networks = {name: _network(file) for name, file in files.items()}
    started = {BASICVSR: weights.resolve(order.start)} if order.start else {}
    start = _network(started[BASICVSR]) if started else None
    rows = replacements(start, networks, order.settings)
    measured_rows = diagnose(samples, load_teacher(order.teacher), rows, measures, frames=order.frames)
    lines = means(watch(measured_rows, len(samples) * len(rows)))
    clips = dict.fromkeys(sample.clip for sample in samples)
    return to_text(lines, metrics), to_json(lines, _setup(order, list(clips), started | files, networks))


def _network(file: Path) -> RealBasicVSR:
    # On CPUs, convolutions are a third faster with channels last.
    return load(file).to(memory_format=torch.channels_last)


def _setup(
    order: Order, clips: Sequence[str], files: Mapping[str, Path], networks: Mapping[str, RealBasicVSR]
) -> dict[str, Any]:
    complete = {
        name: network.refinement_defaults.completed(order.settings) for name, network in networks.items()
    }
    return {
        "clips": list(clips),
        "frames": order.frames,
        "network": "whole clips, without windows, fp32",
        "refine": {name: settings.refine for name, settings in complete.items()},
        "max_passes": {name: settings.max_passes for name, settings in complete.items()},
        "sha256": {name: sha256(file) for name, file in files.items()},
        "machine": machine("cpu"),
    }
