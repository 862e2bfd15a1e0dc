"""Progress on stderr: a bar for people, lines of JSON for programs. stdout stays empty."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Never

import click
from tqdm import tqdm

if TYPE_CHECKING:
    from vsrealbasicvsr.job import Progress


@contextmanager
def show_progress(how: Literal["bar", "json", "none"]) -> Iterator[Callable[[Progress], None] | None]:
    """What to call after every frame.

    Args:
        how: `bar`, `json` (one object a line: frames, total, seconds, rate, eta, mean_passes; total and
            eta are null where the length is unknown), or `none`.
    """
    if how == "none":
        yield None
    elif how == "json":
        yield _write_json
    else:
        with tqdm(unit=" frames", file=sys.stderr, dynamic_ncols=True, smoothing=0.05) as bar:
            yield lambda progress: _advance(bar, progress)


def _advance(bar: tqdm[Never], progress: Progress) -> None:
    bar.total = progress.total
    bar.set_postfix_str(f"{progress.mean_passes:.2f} passes", refresh=False)
    bar.update(progress.frames - bar.n)


def _write_json(progress: Progress) -> None:
    rate = progress.frames / progress.seconds if progress.seconds else 0.0
    left = None if progress.total is None else max(progress.total - progress.frames, 0)
    line = {
        "frames": progress.frames,
        "total": progress.total,
        "seconds": round(progress.seconds, 3),
        "rate": round(rate, 4),
        "eta": None if left is None or not rate else round(left / rate, 1),
        "mean_passes": round(progress.mean_passes, 3),
    }
    click.echo(json.dumps(line), err=True)
