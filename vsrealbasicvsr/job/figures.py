"""The file `OUT.csv` of cleaning passes and residue of each frame; it stays when the journal is removed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.files import replaced
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.video.write.plan import beside

_HEAD = ["frame", "seconds", "passes", "residue"]


def figures_path(output: Path) -> Path:
    """Return the path of the figures of a file, a folder of frames or a pattern of frames: beside it."""
    return beside(output, ".csv")


def check_figures(output: Path) -> None:
    """Check before the work that the figures can be written.

    Raises:
        JobError: another file has this name.
    """
    path = figures_path(output)
    if path.exists() and not _is_ours(path):
        raise JobError(f"{path} is not a restoration's figures: move it, or leave --figures out.")


def write_figures(output: Path, done: Iterable[Done], tick: Fraction, start: Fraction) -> None:
    """Write a line for each frame; the file appears only when it is complete.

    Args:
        output: The restored file, folder or pattern.
        done: All segments, in order.
        tick: Unit of their time stamps, in seconds.
        start: Seconds to subtract from every time stamp.

    Raises:
        JobError: the file cannot be written.
    """
    path = figures_path(output)
    try:
        with replaced(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(_HEAD)
            for segment in done:
                numbers = range(segment.start, segment.stop)
                for number, (pts, _), passes, residue in zip(
                    numbers, segment.times, segment.passes, segment.residues, strict=True
                ):
                    lines.writerow([number, f"{float(pts * tick - start):.3f}", passes, f"{residue:.3f}"])
    except OSError as error:
        raise JobError(f"cannot write {path}: {error.strerror}.") from error


def forget_figures(output: Path) -> None:
    """Remove the figures of an earlier restoration to the same output; they do not belong to the new one.

    Raises:
        JobError: the file cannot be removed.
    """
    path = figures_path(output)
    try:
        if path.is_file() and _is_ours(path):
            path.unlink()
    except OSError as error:
        raise JobError(f"cannot remove {path}, which is of an earlier file: {error.strerror}.") from error


def read_figures(output: Path) -> Sequence[tuple[int, float]]:
    """Return passes and residue of each frame of a file, folder or pattern; empty if there are no figures.

    Raises:
        JobError: the figures are damaged.
    """
    path = figures_path(output)
    if not path.is_file() or not _is_ours(path):
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [(int(line["passes"]), float(line["residue"])) for line in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as error:
        raise JobError(f"{path} is damaged: remove it, and the rest can be compared.") from error


def figures_of(named: Path) -> Path | None:
    """Return the output that has figures; None if there are none.

    Args:
        named: The output, or its file of figures.
    """
    for output in (named, named.with_suffix("") if named.suffix == ".csv" else named):
        path = figures_path(output)
        if path.is_file() and _is_ours(path):
            return output
    return None


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file), None) == _HEAD
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
