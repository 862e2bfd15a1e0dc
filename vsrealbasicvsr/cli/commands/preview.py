"""`restore --preview`: a page with some restored frames, to choose settings before a long run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from tqdm import tqdm

from vsrealbasicvsr.cli.parameter_types import Numbers
from vsrealbasicvsr.cli.repeat_command import words_again
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.files import write_text
from vsrealbasicvsr.grid import Variant, read_axis, shown, variants
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.terminal import Stderr, open_page, say, signals_held

if TYPE_CHECKING:
    from vsrealbasicvsr.compare.preview.preview import OnProgress
    from vsrealbasicvsr.job import Delivery

_OPTIONS = ("preview_count", "preview_frames", "grid", "opens")
_DEFAULT_COUNT = 4
_MAX_FRAMES = 50
_MAX_VARIANTS = 31
"""The page has room for 32 sources; one of them is the unrestored film."""


def preview_options[F: Callable[..., Any]](command: F) -> F:
    """Add the options of a preview to a command; `take_preview` reads them."""
    for option in reversed([
        click.option(
            "--preview", "preview_count", metavar="N", type=click.IntRange(1, _MAX_FRAMES),
            help="Restore the N most telling frames only, into a page beside OUT that compares them with IN.",
        ),
        click.option(
            "--preview-frames", type=Numbers(), help="Preview these frames, counted from 0, instead."
        ),
        click.option(
            "--grid", metavar="SETTING=VALUE,...", multiple=True,
            help="Preview once for each value; repeat it for every combination with other settings' values. "
            f"Shows {_DEFAULT_COUNT} frames without --preview.",
        ),
        click.option(
            "--open/--no-open", "opens", default=True, show_default=True,
            help="Show the preview's page in the browser, if there is a terminal and a screen.",
        ),
    ]):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """The preview that a user wants.

    Attributes:
        count: Number of frames to show; the most informative ones are chosen.
        frames: Numbers of the frames to show instead; empty if the user gave none.
        grid: Texts of --grid, as the user wrote them.
        opens: True to open the page in the browser.
    """

    count: int
    frames: tuple[int, ...]
    grid: tuple[str, ...]
    opens: bool


def take_preview(choices: dict[str, Any]) -> PreviewRequest | None:
    """Remove the options of `preview_options` from a command's parameters, and return them as a request.

    None means that the user wants no preview.

    Raises:
        click.UsageError: the options contradict each other.
    """
    count, frames, grid, opens = (choices.pop(name) for name in _OPTIONS)
    if count and frames:
        raise click.UsageError("--preview and --preview-frames exclude each other.")
    if frames and len(set(frames)) > _MAX_FRAMES:
        raise click.UsageError(f"--preview-frames has {len(set(frames))} frames: give at most {_MAX_FRAMES}.")
    if not (count or frames or grid):
        return None
    return PreviewRequest(count or _DEFAULT_COUNT, frames or (), grid, opens)


def read_variants(asked: PreviewRequest, settings: Settings) -> tuple[Variant, ...]:
    """Return the variants of the settings to show side by side.

    Raises:
        click.UsageError: a setting or a value of the grid is wrong, or there are too many variants.
    """
    try:
        return variants(settings, [read_axis(text) for text in asked.grid], limit=_MAX_VARIANTS)
    except SettingsError as error:
        raise click.UsageError(f"--grid: {error}" if asked.grid else str(error)) from error


def show_preview(
    source: Path,
    target: Path,
    sides: tuple[Variant, ...],
    delivery: Delivery,
    asked: PreviewRequest,
    how: Literal["bar", "json", "none"],
) -> None:
    """Write the page, open it, and print the command that restores the whole film.

    Args:
        source: The source of the command.
        target: The target of the command.
        sides: Variants to show side by side.
        delivery: How to read the source, and the size of the output.
        asked: The frames to show, and whether to open the page.
        how: `bar` shows a progress bar; `none` prints only warnings.

    Raises:
        RestorationError: the preview cannot be made.
    """
    with signals_held():
        from vsrealbasicvsr.compare.preview.preview import preview

    with _bar(how == "bar") as on_progress:
        page = preview(
            source,
            target,
            sides,
            count=asked.count,
            frames=asked.frames,
            delivery=delivery,
            facts=lambda variant: {"command": _command(variant)},
            on_progress=on_progress,
        )
    write_text(page.path, page.text)
    for warning in page.warnings:
        say(f"vsrealbasicvsr: {warning}")
    if how != "none":
        numbers = ", ".join(map(str, page.frames))
        say(f"{page.path}: frames {numbers}, {len(page.text.encode()) / 1e6:.1f} MB")
        say(
            "The whole film with these settings:"
            if len(sides) == 1
            else f"The whole film, for example with {sides[0].label}; the page tells all commands:"
        )
        say(f"  {_command(sides[0])}")
    if asked.opens:
        open_page(page.path)


def _command(variant: Variant) -> str:
    """Return the command that restores the whole film with the settings of this variant."""
    varied = {name: shown(value) for name, value in variant.varied.items()}
    words = words_again(click.get_current_context(), without=_OPTIONS, instead=varied)
    return shlex.join(["vsrealbasicvsr", "restore", *words])


@contextmanager
def _bar(visible: bool) -> Iterator[OnProgress]:
    """Yield a function that shows progress: a bar for each stage, one after the other."""
    bar: tqdm[Any] | None = None
    current_stage = ""

    def update(stage: str, done: int, total: int | None) -> None:
        nonlocal bar, current_stage
        if bar is None or stage != current_stage:
            if bar is not None:
                bar.close()
            current_stage = stage
            bar = tqdm(
                desc=stage, total=total, unit=" frames" if stage != "restored" else " steps", file=Stderr(),
                dynamic_ncols=True, disable=None if visible else True,
            )  # fmt: skip
        bar.update(done - bar.n)

    try:
        yield update
    finally:
        if bar is not None:
            bar.close()
