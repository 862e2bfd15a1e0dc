"""`vsrealbasicvsr compare`: sources side by side on one HTML page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click
from tqdm import tqdm

from vsrealbasicvsr.cli.parameter_types import Numbers
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.files import write_text
from vsrealbasicvsr.terminal import Stderr, say, signals_held

EXAMPLES = """\b
Examples:
  vsrealbasicvsr compare old.mp4 restored.mkv -o page.html
  vsrealbasicvsr compare old.mp4 mild.mkv strong.mkv -o page.html --label old --label mild --label strong
  vsrealbasicvsr compare frames/ restored/ -o page.html --frames 0,12,40
  vsrealbasicvsr compare photo.png restored.png -o page.html
"""


@click.command(epilog=EXAMPLES)
@click.argument("sources", nargs=-1, required=True, metavar="A B [C ...]", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, metavar="PAGE.html", type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write.",
)  # fmt: skip
@click.option(
    "--match", default="auto", show_default=True, type=click.Choice(["auto", "number", "time"]),
    help="Pair frames by their number or their time; auto is number where there are images, else time.",
)  # fmt: skip
@click.option("--frames", type=Numbers(), help="Frames of A to show; else the most telling ones.")
@click.option(
    "--count", default=12, show_default=True, type=click.IntRange(1),
    help="How many to pick.",
)  # fmt: skip
@click.option(
    "--pick", default="difference", show_default=True, type=click.Choice(["difference", "worst", "shots"]),
    help="Of --count equal sections of the clip, the frame that differs most, or that of the worst PSNR; or "
    "the frames that show A's shots best.",
)  # fmt: skip
@click.option("--label", "labels", multiple=True, metavar="TEXT", help="A name for each source, in order.")
@click.option("--title", metavar="TEXT", help="The page's title.")
@click.option(
    "--size-limit", default=40.0, show_default=True, metavar="MB", type=click.FloatRange(0, min_open=True),
    help="The page's size at most; pictures are compressed until they fit.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the page if it exists.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def compare(
    sources: tuple[Path, ...],
    output: Path,
    match: Literal["auto", "number", "time"],
    frames: tuple[int, ...] | None,
    count: int,
    pick: Literal["difference", "worst", "shots"],
    labels: tuple[str, ...],
    title: str | None,
    size_limit: float,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Show videos, folders of images or single images side by side in one HTML page.

    The page needs no network. It has a slider between two sources, keys 1 to 9 to flip between them, a sheet
    of all (32 at most), zoom to single pixels, and a plot of how far the others differ from A; of cleaning
    passes, too, where `restore --figures` has left OUT.csv beside OUT.
    """
    if len(sources) < 2:
        raise click.UsageError("a comparison needs two sources or more: name another file or folder.")
    if labels and len(labels) != len(sources):
        raise click.UsageError(f"{len(labels)} labels do not fit {len(sources)} sources: give each one.")
    if output.exists() and not overwrite:
        raise JobError(f"{output} exists: choose another name, or give --overwrite.")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in `restore`, before torch loads
    with signals_held():
        from vsrealbasicvsr.compare.comparison import Choices
        from vsrealbasicvsr.compare.comparison import compare as make_page
    choices = Choices(match, frames, count, pick, labels or None, title, size_limit)
    with tqdm(unit=" frames", file=Stderr(), dynamic_ncols=True, disable=quiet or None) as bar:

        def on_frame(stage: str, done: int) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.update(done - bar.n)

        page = make_page(sources, choices, on_frame=on_frame)
    write_text(output, page.text)
    for warning in page.warnings:
        say(f"vsrealbasicvsr: {warning}")
    if not quiet:
        numbers = ", ".join(map(str, page.frames))
        say(f"{output}: frames {numbers}, {len(page.text.encode()) / 1e6:.1f} MB")
