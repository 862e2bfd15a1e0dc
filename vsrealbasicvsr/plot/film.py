"""A film drawn from what `restore --figures` kept of it: cleaning passes and residue."""

from __future__ import annotations

from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.figures import read_figures
from vsrealbasicvsr.plot.figure import new_figure, save_figure

_SIZE = (9.0, 5.0)  # inches


def plot_film(output: Path, path: Path) -> int:
    """Draw cleaning passes and residue of each frame over its number.

    Args:
        output: the restored file, folder or pattern.
        path: the drawing, of a kind that `check_figure` accepts.

    Returns:
        Frames that were drawn.

    Raises:
        JobError: no figures are kept, they are damaged, or the drawing cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    figures = read_figures(output)
    if not figures:
        raise JobError(f"no figures of {output} are kept: `restore --figures` keeps them.")
    figure = new_figure(*_SIZE)
    figure.suptitle(f"{output.name}: {len(figures)} frames", fontsize="medium")
    places = range(len(figures) + 1)  # a frame reaches from its number to the next
    for panel, name, values in zip(
        figure.subplots(2, 1, sharex=True),
        ("cleaning passes", "last residue (0-255)"),
        zip(*figures, strict=True),
        strict=True,
    ):
        panel.plot(places, [*values, values[-1]], drawstyle="steps-post")
        panel.set_ylabel(name)
        panel.set_ylim(bottom=0)
    panel.set_xlabel("frame")
    save_figure(figure, path)
    return len(figures)
