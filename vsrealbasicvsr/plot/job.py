"""A plot of a job, from its journal: cleaning passes, residue and speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.status import read_status
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.plot.figure import new_figure, save_figure

_SIZE = (9.0, 7.0)  # inches
_PARTS = ".parts"
_MOST_MARKS = 200  # more lines would merge into a grey area


def plot_job(target: Path, path: Path) -> int:
    """Plot the finished segments of a running or stopped job over the numbers of the source's frames.

    Three panels show the cleaning passes and the residue of each frame, and the frames per second of each
    segment. Grey lines show where segments start; missing segments are gaps.

    Args:
        target: The output, or its folder OUT.parts.
        path: The file of the plot, of a kind that `check_figure` accepts.

    Returns:
        The number of frames in the plot.

    Raises:
        JobError: there is no such job, no segment is done, or the plot cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    output = target.with_name(target.name.removesuffix(_PARTS))
    status = read_status(output)
    if not status.done:
        raise JobError(f"nothing of {output} is done yet: wait for the first segment.")
    figure = new_figure(*_SIZE)
    passes, residue, speed = figure.subplots(3, 1, sharex=True)
    total = f" of {status.total}" if status.total else ""
    figure.suptitle(f"{output.name}: {status.frames}{total} frames", fontsize="medium")
    numbers, counts, changes = frame_figures(status.done)
    passes.plot(numbers, counts, drawstyle="steps-post")
    passes.set_ylabel("cleaning passes")
    passes.set_ylim(bottom=0)
    residue.plot(numbers, changes, drawstyle="steps-post")
    residue.set_ylabel("last residue (0-255)")
    residue.set_ylim(bottom=0)
    for done in status.done:
        rate = done.segment.frames / done.seconds if done.seconds else math.nan
        speed.plot([done.start, done.stop], [rate, rate], color="C0", linewidth=2)
    speed.set_ylabel("frames/s of its maker")
    speed.set_ylim(bottom=0)
    speed.set_xlabel("frame")
    if len(status.done) <= _MOST_MARKS:
        for panel in (passes, residue, speed):
            for done in status.done:
                panel.axvline(done.start, color="0.8", linewidth=0.6, zorder=0)
    save_figure(figure, path)
    return status.frames


def frame_figures(done: Sequence[Done]) -> tuple[list[float], list[float], list[float]]:
    """Return the points of the step curves: numbers of frames, their cleaning passes and residues (0-255).

    A frame extends from its number to the next. So the last frame before a gap is repeated at the next
    number; then NaN follows, which draws nothing.

    Args:
        done: Finished segments in the order of their frames.
    """
    numbers: list[float] = []
    passes: list[float] = []
    residues: list[float] = []
    ends = {before.stop for before, after in pairwise(done) if before.stop != after.start} | {done[-1].stop}
    for segment in done:
        numbers += range(segment.start, segment.stop)
        passes += segment.passes
        residues += segment.residues
        if segment.stop in ends:
            numbers += (segment.stop, math.nan)
            passes += (segment.passes[-1], math.nan)
            residues += (segment.residues[-1], math.nan)
    return numbers, passes, residues
