"""A plot of a training, from the tables that it writes: losses, rates and validation."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.plot.figure import new_figure, save_figure

_PANEL = (9.0, 2.2)  # inches
_SMOOTHED_FROM = 200  # rows; shorter tables are readable without smoothing
_SPANS = 50  # a smoothed curve averages over this fraction of the table: 1/50


@dataclass(frozen=True, slots=True)
class Panel:
    """Columns of a table that are plotted together."""

    title: str
    columns: tuple[str, ...]
    logarithmic: bool = False


PANELS = (
    Panel(
        "losses of the generator",
        ("pixel", "temporal", "cleaning", "perceptual", "lpips_loss", "dists_loss", "adversarial"),
        logarithmic=True,
    ),
    Panel(
        "losses against the teacher",
        ("teacher_pixel", "teacher_perceptual", "teacher_lpips"),
        logarithmic=True,
    ),
    Panel("losses of cleaning passes", ("first_pass", "last_pass")),
    Panel("weight of the adversarial loss", ("adversarial_weight",)),
    Panel("losses of the discriminator", ("real", "fake")),
    Panel("norm of the gradient", ("gradient_norm",), logarithmic=True),
    Panel("learning rate", ("learning_rate",)),
    Panel("seconds an iteration", ("seconds", "waiting")),
    Panel("steps and clips lost", ("skipped", "damaged")),
    Panel("PSNR [dB]", ("psnr", "psnr_low")),
    Panel("SSIM", ("ssim",)),
    Panel("LPIPS", ("lpips",)),
)


def plot_training(source: Path, path: Path) -> int:
    """Plot a table of a training; the training may still be running.

    There is a panel for each group of columns that has values. For long tables the curve is a running mean,
    and the values themselves are pale behind it.

    Args:
        source: The file losses.csv or validation.csv of a run, or the run's folder for its losses.csv.
        path: The file of the plot, of a kind that `check_figure` accepts.

    Returns:
        The number of rows of the table.

    Raises:
        JobError: the table cannot be read or has no values to plot, or the plot cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    table = read_table(source / "losses.csv" if source.is_dir() else source)
    panels = [panel for panel in PANELS if any(_has_figures(table, column) for column in panel.columns)]
    if not panels:
        raise JobError(
            f"{source} holds nothing to draw: it is no losses.csv or validation.csv of a training."
        )
    figure = new_figure(_PANEL[0], _PANEL[1] * len(panels) + 0.5)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for panel, axis in zip(panels, axes, strict=True):
        names = [column for column in panel.columns if _has_figures(table, column)]
        for number, column in enumerate(names):
            values = table[column]
            is_long = len(values) >= _SMOOTHED_FROM
            if is_long:
                axis.plot(table["iteration"], values, color=f"C{number}", alpha=0.25, linewidth=0.6)
            curve = running_mean(values, len(values) // _SPANS) if is_long else values
            axis.plot(table["iteration"], curve, color=f"C{number}", label=column)
        values = [value for name in names for value in table[name] if math.isfinite(value)]
        if panel.logarithmic and all(value > 0 for value in values):
            axis.set_yscale("log")
        axis.set_title(panel.title, fontsize="medium")
        if len(names) > 1:
            axis.legend(fontsize="x-small")
    axes[-1].set_xlabel("iteration")
    save_figure(figure, path)
    return len(table["iteration"])


def read_table(path: Path) -> dict[str, list[float]]:
    """Return the columns of a table by name; an empty cell is NaN.

    An incomplete last line is left out.

    Raises:
        JobError: the table cannot be read, or has no column `iteration`.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise JobError(f"{path} cannot be read: {reason}.") from error
    if "iteration" not in header:
        raise JobError(f"{path} is no table of a training: it has no column `iteration`.")
    try:
        figures = [[_figure(cell) for cell in row] for row in rows if len(row) == len(header)]
    except ValueError as error:
        raise JobError(f"{path} is no table of a training: {error}.") from error
    return {name: [row[number] for row in figures] for number, name in enumerate(header)}


def running_mean(values: Sequence[float], span: int) -> list[float]:
    """Return, for each value, the mean of the last `span` values up to it; NaN is not counted."""
    known = [math.isfinite(value) for value in values]
    sums = list(accumulate((v if k else 0.0 for v, k in zip(values, known, strict=True)), initial=0.0))
    counts = list(accumulate(known, initial=0))
    means = []
    for end in range(1, len(values) + 1):
        first = max(end - span, 0)
        count = counts[end] - counts[first]
        means.append((sums[end] - sums[first]) / count if count else math.nan)
    return means


def _figure(cell: str) -> float:
    return float(cell) if cell else math.nan


def _has_figures(table: dict[str, list[float]], column: str) -> bool:
    return any(math.isfinite(value) for value in table.get(column, ()))
