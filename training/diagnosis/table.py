"""The results of the diagnosis as a readable table and as JSON, with means over clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.diagnosis.diagnose import LOW_SIZE, ClipScores, Scores
from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.metrics.metric import Metric

_DIGITS = 6
"""Decimal places of figures in JSON."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A line of the table: the clips of one degradation in one row.

    Attributes:
        degradation: see `ClipScores`.
        cleaned_by: see `ClipScores`.
        enlarged_by: see `ClipScores`.
        scores: means over the clips; Absent if a clip has no such figure.
        clips: the scores of each clip, by the clip's name.
    """

    degradation: str
    cleaned_by: str
    enlarged_by: str
    scores: Scores
    clips: Mapping[str, Scores]


def means(rows: Iterable[ClipScores]) -> tuple[Mean, ...]:
    """Return the means over clips, in the order of the rows."""
    groups: dict[tuple[str, str, str], dict[str, Scores]] = {}
    for row in rows:
        groups.setdefault((row.degradation, row.cleaned_by, row.enlarged_by), {})[row.clip] = row.scores
    return tuple(Mean(*key, _mean(list(clips.values())), clips) for key, clips in groups.items())


def to_text(lines: Sequence[Mean], metrics: Sequence[Metric]) -> str:
    """Return a Markdown table for each degradation."""
    arrows = {"higher": " ↑", "lower": " ↓"}
    columns = [(metric.name, f"{metric.title}{arrows[metric.better]}", metric.digits) for metric in metrics]
    columns.append((LOW_SIZE, "PSNR at low size [dB] ↑", 2))
    parts = []
    for degradation in dict.fromkeys(line.degradation for line in lines):
        cells = [["cleaned by", "enlarged by", *(title for _, title, _ in columns)]]
        for line in lines:
            if line.degradation == degradation:
                figures = (_formatted(line.scores[name], digits) for name, _, digits in columns)
                cells.append([line.cleaned_by, line.enlarged_by, *figures])
        parts.append(f"{degradation}\n\n{_markdown(cells)}")
    return "\n\n".join(parts)


def to_json(lines: Sequence[Mean], setup: Mapping[str, Any]) -> dict[str, Any]:
    """Return all figures and the setup. An absent figure is null; its reason is under `reasons`."""
    return {"diagnosis": dict(setup), "rows": [_entry(line) for line in lines]}


def _mean(clips: Sequence[Scores]) -> dict[str, Figure]:
    return {name: _over([scores[name] for scores in clips]) for name in clips[0]}


def _over(figures: Sequence[Figure]) -> Figure:
    absent = next((figure for figure in figures if isinstance(figure, Absent)), None)
    if absent is not None:
        return absent
    return sum(figure for figure in figures if not isinstance(figure, Absent)) / len(figures)


def _formatted(figure: Figure, digits: int) -> str:
    return "-" if isinstance(figure, Absent) else f"{figure:.{digits}f}"


def _markdown(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    head, *rest = cells
    lines = [head, ["-" * width for width in widths], *rest]
    aligned = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in aligned)


def _entry(line: Mean) -> dict[str, Any]:
    reasons = {name: figure.reason for name, figure in line.scores.items() if isinstance(figure, Absent)}
    return {
        "degradation": line.degradation,
        "cleaned_by": line.cleaned_by,
        "enlarged_by": line.enlarged_by,
        **_numbers(line.scores),
        "reasons": reasons,
        "clips": {clip: _numbers(scores) for clip, scores in line.clips.items()},
    }


def _numbers(scores: Scores) -> dict[str, float | None]:
    return {
        name: None if isinstance(figure, Absent) else round(figure, _DIGITS)
        for name, figure in scores.items()
    }
