"""Restoration of clips by every row of the diagnosis, and measurement of the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from training.diagnosis.replacements import Material, Replacement
from training.errors import TrainingError
from training.metrics.psnr_ssim import psnr
from training.model.teacher import RRDBNet, answer
from training.reduction import reduced_by_area
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import Absent, Figure, reason_of
from vsrealbasicvsr.evaluate.footage import load_footage, to_eight_bit
from vsrealbasicvsr.evaluate.metrics.known import METRICS
from vsrealbasicvsr.evaluate.metrics.metric import Measure, Metric
from vsrealbasicvsr.evaluate.samples import Sample

MEASURED = ("psnr-y", "lpips", "dists", "niqe", "e-warp")
LOW_SIZE = "psnr-low"
"""Name of the PSNR of the cleaned frames against the truth reduced by area, in RGB."""
_NOT_CLEANED = Absent("no frames at low size")

Scores = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class ClipScores:
    """The scores of one clip in one row of the diagnosis.

    Attributes:
        degradation: name of the recipe.
        clip: name of the clip.
        cleaned_by: see `Replacement`.
        enlarged_by: see `Replacement`.
        scores: scores by the metrics' names: those of `MEASURED`, and `LOW_SIZE`.
    """

    degradation: str
    clip: str
    cleaned_by: str
    enlarged_by: str
    scores: Scores


def measured() -> tuple[Metric, ...]:
    """Return the metrics of the diagnosis, in the order of `MEASURED`."""
    known = {metric.name: metric for metric in METRICS}
    return tuple(known[name] for name in MEASURED)


def loaded(metrics: Sequence[Metric]) -> dict[str, Measure]:
    """Load metrics on the CPU; return them by their names.

    Raises:
        TrainingError: a metric is not available; the message names the package that it needs.
    """
    measures = {}
    for metric in metrics:
        try:
            measures[metric.name] = metric.load("cpu")
        except UnavailableError as error:
            raise TrainingError(f"{metric.title} cannot be measured: {reason_of(error)}.") from error
    return measures


def diagnose(
    samples: Sequence[Sample],
    teacher: RRDBNet,
    rows: Sequence[Replacement],
    measures: Mapping[str, Measure],
    *,
    frames: int,
) -> Iterator[ClipScores]:
    """Restore each clip by each row, and measure the result.

    A clip is one shot. It is restored as a whole, without windows, in float32 on the CPU; its frames are held
    in memory. Rows that use only the truth are computed once for all degradations.

    Args:
        samples: clips of ground truth with recipes that degrade them.
        teacher: network that restores single frames.
        rows: see `replacements`.
        measures: see `loaded`.
        frames: largest number of frames of each clip.

    Raises:
        VideoError: a clip cannot be read.
        ClipError: a clip cannot be degraded.
    """
    known: dict[tuple[str, Replacement], Scores] = {}
    for sample in samples:
        assert sample.recipe is not None
        footage = load_footage(sample, frames)
        assert footage.truth is not None
        low, truth = footage.low.float() / 255, footage.truth.float() / 255
        clip = Material(low, truth, answer(teacher, low))
        for row in rows:
            scores = known.get((sample.clip, row)) or _scores(row, clip, footage.truth, measures)
            if row.of_truth:
                known[sample.clip, row] = scores
            yield ClipScores(sample.recipe.name, sample.clip, row.cleaned_by, row.enlarged_by, scores)


def _scores(
    row: Replacement, clip: Material, truth: Tensor, measures: Mapping[str, Measure]
) -> dict[str, Figure]:
    cleaned, restored = row.restore(clip)
    pictures = to_eight_bit(restored)
    figures = {name: _figure(measure, pictures, truth) for name, measure in measures.items()}
    low_size = _NOT_CLEANED if cleaned is None else psnr(cleaned, reduced_by_area(clip.truth))
    return {**figures, LOW_SIZE: low_size}


def _figure(measure: Measure, restored: Tensor, truth: Tensor) -> Figure:
    try:
        return measure(restored, truth)
    except UnavailableError as error:
        return Absent(reason_of(error))
