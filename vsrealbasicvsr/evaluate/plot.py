"""Plots of the figures over the varied settings, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from vsrealbasicvsr.evaluate.absent import Absent
from vsrealbasicvsr.evaluate.evaluate import Row
from vsrealbasicvsr.evaluate.peers.restorer import peer_name
from vsrealbasicvsr.evaluate.table import Column, Table
from vsrealbasicvsr.grid import Axis, Variant, shown
from vsrealbasicvsr.plot.figure import new_figure, save_figure
from vsrealbasicvsr.settings import Settings

_PANEL = (4.2, 3.2)  # inches


def plot(table: Table, axes: Sequence[Axis], variants: Sequence[Variant], path: Path) -> None:
    """Draw the means: a row of panels for each set, and in it a panel for each column that has figures.

    The values of the first axis run to the right, evenly spaced. Each combination of the other axes is a
    line, and each peer that is not varied is a dashed line.

    Raises:
        UnavailableError: matplotlib is not installed.
        JobError: the file cannot be written.
    """
    sets = list(dict.fromkeys(row.set for row in table.means))
    columns = [column for column in table.columns if column.name != "parameters" and _drawn(column, table)]
    figure = new_figure(_PANEL[0] * max(len(columns), 1), _PANEL[1] * len(sets))
    panels = figure.subplots(len(sets), max(len(columns), 1), squeeze=False)
    for name, line in zip(sets, panels, strict=True):
        rows = [row for row in table.means if row.set == name]
        for column, panel in zip(columns, line, strict=False):
            panel.set_title(f"{name}: {column.title}", fontsize="medium")
            _lines(panel, column, rows, axes, variants)
        line[0].legend(fontsize="x-small")
    save_figure(figure, path)


def _drawn(column: Column, table: Table) -> bool:
    return any(not isinstance(column.of(row), Absent) for row in table.means)


def _lines(
    panel: Any, column: Column, rows: Sequence[Row], axes: Sequence[Axis], variants: Sequence[Variant]
) -> None:
    figures = {row.peer: column.of(row) for row in rows}
    first, *others = axes
    ours = {peer_name(variant): tuple(variant.varied.values()) for variant in variants}
    for rest in dict.fromkeys(values[1:] for values in ours.values()):
        points = [
            (first.values.index(values[0]), figures[name])
            for name, values in ours.items()
            if values[1:] == rest and not isinstance(figures[name], Absent)
        ]
        label = ", ".join(f"{axis.name} {shown(value)}" for axis, value in zip(others, rest, strict=True))
        panel.plot(*zip(*points, strict=True), marker="o", label=label or "ours")
    for number, (peer, figure) in enumerate(figures.items()):
        if peer not in ours and not isinstance(figure, Absent):
            panel.axhline(figure, linestyle="--", linewidth=1, color=f"C{9 - number % 5}", label=peer)
    panel.set_xticks(range(len(first.values)), [shown(value) for value in first.values])
    (setting,) = (item for item in fields(Settings) if item.name == first.name)
    unit = setting.metadata["unit"]
    panel.set_xlabel(f"{first.name} [{unit}]" if unit else first.name)
