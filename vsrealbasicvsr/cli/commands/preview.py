"""`restore --preview`: some frames in a page first, to choose settings by."""

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
_MOST_FRAMES = 50
_MOST_VARIANTS = 31
"""The page has room for 32 sources; one of them is the film as it is."""


def preview_options[F: Callable[..., Any]](command: F) -> F:
    """The options that ask for a preview; `take_preview` reads them."""
    for option in reversed([
        click.option(
            "--preview", "preview_count", metavar="N", type=click.IntRange(1, _MOST_FRAMES),
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
class Asked:
    """What a user wants to see.

    Attributes:
        count: How many of the most telling frames.
        frames: Numbers of the frames, instead; empty where there are none.
        grid: As written.
        opens: Whether to open the page.
    """

    count: int
    frames: tuple[int, ...]
    grid: tuple[str, ...]
    opens: bool


def take_preview(choices: dict[str, Any]) -> Asked | None:
    """Take the options of `preview_options` out of a command's parameters; None where no preview is wanted.

    Raises:
        click.UsageError: they contradict each other.
    """
    count, frames, grid, opens = (choices.pop(name) for name in _OPTIONS)
    if count and frames:
        raise click.UsageError("--preview and --preview-frames exclude each other.")
    if frames and len(set(frames)) > _MOST_FRAMES:
        raise click.UsageError(
            f"--preview-frames has {len(set(frames))} frames: give at most {_MOST_FRAMES}."
        )
    if not (count or frames or grid):
        return None
    return Asked(count or _DEFAULT_COUNT, frames or (), grid, opens)


def read_variants(asked: Asked, settings: Settings) -> tuple[Variant, ...]:
    """The settings to lay side by side.

    Raises:
        click.UsageError: a setting or a value of the grid is wrong, or they are too many.
    """
    try:
        return variants(settings, [read_axis(text) for text in asked.grid], limit=_MOST_VARIANTS)
    except SettingsError as error:
        raise click.UsageError(f"--grid: {error}" if asked.grid else str(error)) from error


def show_preview(
    source: Path,
    target: Path,
    sides: tuple[Variant, ...],
    delivery: Delivery,
    asked: Asked,
    how: Literal["bar", "json", "none"],
) -> None:
    """Make the page, open it, and tell the command that makes the film.

    Args:
        source: As the command has it.
        target: Likewise.
        sides: What to lay side by side.
        delivery: How the source is read, and the size of the output.
        asked: Which frames.
        how: `bar` shows how far it is, `none` says nothing but warnings.

    Raises:
        RestorationError: one of its kinds.
    """
    with signals_held():
        from vsrealbasicvsr.compare.preview.preview import preview

    with _bar(how == "bar") as on_progress:
        made = preview(
            source,
            target,
            sides,
            count=asked.count,
            frames=asked.frames,
            delivery=delivery,
            facts=lambda variant: {"command": _command(variant)},
            on_progress=on_progress,
        )
    write_text(made.path, made.text)
    for warning in made.warnings:
        say(f"vsrealbasicvsr: {warning}")
    if how != "none":
        numbers = ", ".join(map(str, made.frames))
        say(f"{made.path}: frames {numbers}, {len(made.text.encode()) / 1e6:.1f} MB")
        say(
            "The whole film with these settings:"
            if len(sides) == 1
            else f"The whole film, for example with {sides[0].label}; the page tells all commands:"
        )
        say(f"  {_command(sides[0])}")
    if asked.opens:
        open_page(made.path)


def _command(variant: Variant) -> str:
    """The command that restores the whole film so."""
    varied = {name: shown(value) for name, value in variant.varied.items()}
    words = words_again(click.get_current_context(), without=_OPTIONS, instead=varied)
    return shlex.join(["vsrealbasicvsr", "restore", *words])


@contextmanager
def _bar(visible: bool) -> Iterator[OnProgress]:
    """A bar for each stage, one after the other."""
    bar: tqdm[Any] | None = None
    told = ""

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal bar, told
        if bar is None or stage != told:
            if bar is not None:
                bar.close()
            told = stage
            bar = tqdm(
                desc=stage, total=total, unit=" frames" if stage != "restored" else " steps", file=Stderr(),
                dynamic_ncols=True, disable=None if visible else True,
            )  # fmt: skip
        bar.update(done - bar.n)

    try:
        yield tell
    finally:
        if bar is not None:
            bar.close()
