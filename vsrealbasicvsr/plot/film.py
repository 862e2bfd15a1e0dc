"""A plot of a restored film's cleaning passes and residue, from the figures of `restore --figures`."""

from __future__ import annotations

from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.figures import read_figures
from vsrealbasicvsr.plot.figure import new_figure, save_figure

_SIZE = (9.0, 5.0)  # inches


def plot_film(output: Path, path: Path) -> int:
    """Plot cleaning passes and residue of each frame over its number.

    Args:
        output: The restored file, folder or pattern.
        path: The file of the plot, of a kind that `check_figure` accepts.

    Returns:
        The number of frames in the plot.

    Raises:
        JobError: there are no figures, they are damaged, or the plot cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    figures = read_figures(output)
    if not figures:
        raise JobError(f"no figures of {output} are kept: `restore --figures` keeps them.")
    figure = new_figure(*_SIZE)
    figure.suptitle(f"{output.name}: {len(figures)} frames", fontsize="medium")
    edges = range(len(figures) + 1)  # a frame extends from its number to the next
    for panel, name, values in zip(
        figure.subplots(2, 1, sharex=True),
        ("cleaning passes", "last residue (0-255)"),
        zip(*figures, strict=True),
        strict=True,
    ):
        panel.plot(edges, [*values, values[-1]], drawstyle="steps-post")
        panel.set_ylabel(name)
        panel.set_ylim(bottom=0)
    panel.set_xlabel("frame")
    save_figure(figure, path)
    return len(figures)
