"""Tables of the rows, as text for a terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.evaluate import Row
from vsrealbasicvsr.evaluate.metrics.metric import Metric
from vsrealbasicvsr.evaluate.peers.process import Effort
from vsrealbasicvsr.evaluate.published import NOTE, PUBLISHED, Published

MEAN = "mean"
"""The name of the clip in rows with the mean of a set."""
DASH = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures.

    Attributes:
        name: the name in CSV and JSON.
        title: the title for people.
        better: `higher`, `lower`, or empty.
        digits: number of decimal places for people; CSV and JSON have six.
        of: returns the figure of a row.
    """

    name: str
    title: str
    better: str
    digits: int
    of: Callable[[Row], Figure]


@dataclass(frozen=True, slots=True)
class Table:
    """All figures of an evaluation.

    Attributes:
        columns: the columns of figures.
        rows: the rows of single clips.
        means: the means over the clips of each set, one row for each peer; `clip` is `MEAN`.
        published: published figures for the same sets.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    means: tuple[Row, ...]
    published: tuple[Published, ...]


def tabulate(rows: Iterable[Row], metrics: Sequence[Metric]) -> Table:
    """Return the table of rows, with the means of sets.

    A figure that any clip lacks has no mean. For memory, the maximum takes the place of the mean.
    """
    rows = _by_clip(tuple(rows))
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.set, row.peer), []).append(row)
    sets = {row.set for row in rows}
    return Table(
        _columns(metrics, rows),
        rows,
        tuple(_mean_row(group) for group in groups.values()),
        tuple(figures for figures in PUBLISHED if figures.set in sets),
    )


def to_markdown(table: Table) -> str:
    """Return Markdown: a table of means for each set, a table of all clips, and the reasons of dashes."""
    reasons: list[str] = []
    sets = dict.fromkeys(row.set for row in table.means)
    parts = []
    for name in sets:
        means = [row for row in table.means if row.set == name]
        clips = dict.fromkeys(row.clip for row in table.rows if row.set == name)
        lines = [(row.peer, *_cells(row, table.columns, reasons)) for row in means]
        lines += [_published_cells(line, table.columns) for line in table.published if line.set == name]
        parts.append(f"### {name} (mean of {len(clips)} clips)\n\n" + _markdown(["", *_heads(table)], lines))
    lines = [(row.set, row.clip, row.peer, *_cells(row, table.columns, reasons)) for row in table.rows]
    parts.append("### Clips\n\n" + _markdown(["set", "clip", "", *_heads(table)], lines))
    notes = [f"{DASH} ({number}) {reason}." for number, reason in enumerate(reasons, 1)]
    return "\n\n".join([*parts, *notes, *([NOTE] if table.published else [])]) + "\n"


def to_text(table: Table) -> str:
    """Return the means of each set in aligned columns for a terminal, and the reasons of dashes."""
    reasons: list[str] = []
    parts = []
    for name in dict.fromkeys(row.set for row in table.means):
        lines = [[name, *_heads(table)]]
        for row in table.means:
            if row.set == name:
                lines.append([row.peer, *_cells(row, table.columns, reasons)])
        lines += [list(_published_cells(line, table.columns)) for line in table.published if line.set == name]
        parts.append(_aligned(lines))
    parts += [f"{DASH}({number}) {reason}." for number, reason in enumerate(reasons, 1)]
    return "\n".join([*parts, *([NOTE] if table.published else [])]) + "\n"


def to_csv(table: Table) -> str:
    """Return CSV with a line for each clip and each mean; the last column holds the reasons of the dashes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["set", "clip", "peer", "frames", *(column.name for column in table.columns), "reasons"])
    for row in (*table.rows, *table.means):
        figures = [(column.name, column.of(row)) for column in table.columns]
        reasons = [f"{name}: {figure.reason}" for name, figure in figures if isinstance(figure, Absent)]
        values = [DASH if isinstance(figure, Absent) else f"{figure:.6f}" for _, figure in figures]
        writer.writerow([row.set, row.clip, row.peer, row.frames, *values, "; ".join(reasons)])
    return text.getvalue()


def to_json(table: Table, setup: Mapping[str, Any]) -> str:
    """Return the whole table and its setup as JSON; a missing figure is null, explained in `reasons`."""
    content = {
        "benchmark": "quality",
        "setup": setup,
        "columns": {
            column.name: {"title": column.title, "better": column.better} for column in table.columns
        },
        "rows": [_entry(row, table.columns) for row in table.rows],
        "means": [_entry(row, table.columns) for row in table.means],
        "published": [{"set": p.set, "source": p.source, **p.scores} for p in table.published],
    }
    return json.dumps(content, indent=2) + "\n"


def _by_clip(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Sort rows by clip, in the order of the clips' first rows; rows arrive peer after peer."""
    clips = {clip: place for place, clip in enumerate(dict.fromkeys((row.set, row.clip) for row in rows))}
    return tuple(sorted(rows, key=lambda row: clips[row.set, row.clip]))


def _columns(metrics: Sequence[Metric], rows: Sequence[Row]) -> tuple[Column, ...]:
    def score(name: str) -> Callable[[Row], Figure]:
        return lambda row: row.scores[name]

    columns = [
        *(Column(m.name, m.title, m.better, m.digits, score(m.name)) for m in metrics),
        Column("seconds", "s/frame", "lower", 3, lambda row: row.effort.seconds),
        Column("memory", "memory [MB]", "lower", 0, lambda row: row.effort.memory),
    ]
    if not all(isinstance(row.effort.device_memory, Absent) for row in rows):
        columns.append(
            Column("device-memory", "GPU memory [MB]", "lower", 0, lambda row: row.effort.device_memory)
        )
    return (*columns, Column("parameters", "Mparam", "", 2, lambda row: row.parameters))


def _mean_row(rows: Sequence[Row]) -> Row:
    first = rows[0]
    return Row(
        set=first.set, clip=MEAN, peer=first.peer, frames=sum(row.frames for row in rows),
        parameters=first.parameters,
        effort=Effort(
            seconds=_mean([row.effort.seconds for row in rows]),
            memory=_over([row.effort.memory for row in rows], max),
            device_memory=_over([row.effort.device_memory for row in rows], max),
        ),
        scores={name: _mean([row.scores[name] for row in rows]) for name in first.scores},
    )  # fmt: skip


def _mean(figures: Sequence[Figure]) -> Figure:
    return _over(figures, lambda present: sum(present) / len(present))


def _over(figures: Sequence[Figure], combine: Callable[[Sequence[float]], float]) -> Figure:
    present = [figure for figure in figures if not isinstance(figure, Absent)]
    absent = next((figure for figure in figures if isinstance(figure, Absent)), None)
    if absent is None:
        return combine(present)
    return Absent(f"not all clips have it: {absent.reason}") if present else absent


def _heads(table: Table) -> list[str]:
    arrows = {"higher": " ↑", "lower": " ↓", "": ""}
    return [f"{column.title}{arrows[column.better]}" for column in table.columns]


def _cells(row: Row, columns: Sequence[Column], reasons: list[str]) -> list[str]:
    """Return the figures for people; append new reasons of dashes to `reasons`, numbered from 1."""
    cells = []
    for column in columns:
        figure = column.of(row)
        if isinstance(figure, Absent):
            if figure.reason not in reasons:
                reasons.append(figure.reason)
            cells.append(f"{DASH}({reasons.index(figure.reason) + 1})")
        else:
            cells.append(f"{figure:.{column.digits}f}")
    return cells


def _published_cells(line: Published, columns: Sequence[Column]) -> tuple[str, ...]:
    scores = ("" if c.name not in line.scores else f"{line.scores[c.name]:.{c.digits}f}" for c in columns)
    return line.source, *scores


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(heads)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *lines))


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    first = widths[0]
    return "\n".join(
        "  ".join([line[0].ljust(first), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


def _entry(row: Row, columns: Sequence[Column]) -> dict[str, Any]:
    figures = {column.name: column.of(row) for column in columns}
    values = {
        name: None if isinstance(figure, Absent) else round(figure, 6) for name, figure in figures.items()
    }
    reasons = {name: figure.reason for name, figure in figures.items() if isinstance(figure, Absent)}
    return {
        "set": row.set, "clip": row.clip, "peer": row.peer, "frames": row.frames, **values,
        "reasons": reasons,
    }  # fmt: skip
