"""`vsrealbasicvsr plot`: draw the figures of a job or of a training."""

from __future__ import annotations

from pathlib import Path

import click

from vsrealbasicvsr.terminal import say

EXAMPLES = """\b
Examples:
  vsrealbasicvsr plot restored.mkv -o passes.png
  vsrealbasicvsr plot restored.mkv.csv -o passes.svg
  vsrealbasicvsr plot runs/stage1/losses.csv -o losses.svg
  vsrealbasicvsr plot runs/stage1/validation.csv -o validation.png
"""


@click.command(epilog=EXAMPLES)
@click.argument("source", metavar="JOB_OR_CSV", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The drawing: PNG, SVG or PDF, by its ending; it is replaced if it exists.",
)  # fmt: skip
def plot(source: Path, target: Path) -> None:
    """Draw how a restoration or a training goes.

    JOB_OR_CSV is the output of a restoration that runs or was stopped (or its folder OUT.parts): drawn are
    each frame's cleaning passes and residue, and each segment's speed. Of one that is over, passes and
    residue are drawn, where it kept them by --figures. Or it is losses.csv or validation.csv of a training,
    or the folder of the run: drawn are losses, rates and times.
    """
    from vsrealbasicvsr.job.figures import figures_of
    from vsrealbasicvsr.job.store.folder import JobFolder
    from vsrealbasicvsr.plot.figure import check_figure

    check_figure(target)
    output = figures_of(source)
    if output is not None and not JobFolder(output).path.exists():
        from vsrealbasicvsr.plot.film import plot_film

        say(f"{target}: {plot_film(output, target)} frames of a film")
    elif source.suffix.lower() == ".csv" or (source / "losses.csv").is_file():
        from vsrealbasicvsr.plot.training import plot_training

        say(f"{target}: {plot_training(source, target)} lines of a training")
    else:
        from vsrealbasicvsr.plot.job import plot_job

        say(f"{target}: {plot_job(source, target)} frames of a job")
