"""`vsrealbasicvsr evaluate`: the quality of restored clips, side by side with peers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsrealbasicvsr.cli.setting_flags import settings_options
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.files import write_text
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.terminal import Stderr, signals_held

if TYPE_CHECKING:
    from vsrealbasicvsr.evaluate.evaluate import Row
    from vsrealbasicvsr.evaluate.peers.peer import Peer
    from vsrealbasicvsr.grid import Variant

EXAMPLES = """\b
Examples:
  vsrealbasicvsr evaluate REDS4/ --peer bicubic --peer basicvsr-reds --markdown reds4.md
  vsrealbasicvsr evaluate film.mkv --frames 24 --degrade medium --metrics psnr-y,lpips,e-warp
  vsrealbasicvsr evaluate VideoLQ/ --peer all --metrics niqe,brisque,e-warp --csv real.csv
  vsrealbasicvsr evaluate VideoLQ/ --metrics niqe --vary max-passes=1,2,3,5 --vary refine=0,1.5,3,5,8
  vsrealbasicvsr evaluate REDS4/ --vary window=1,5,15,30,0 --vary margin=0,2,4,8 --plot window.png
"""

_EVERY = "all"
_FIXED = ("device", "cuts")
"""Settings that cannot be varied: all variants run on one device, and each clip is one shot."""

_target = partial(click.option, type=click.Path(dir_okay=False, path_type=Path))


@click.command(epilog=EXAMPLES)
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--peer",
    "peers",
    metavar="NAME",
    multiple=True,
    help="Restore by this, too; repeat it. `all` takes every one, --list tells the names.",
)
@click.option("--metrics", metavar="NAME,...", default=_EVERY, show_default=True, help="What to measure.")
@click.option("--frames", type=click.IntRange(1), help="Take this many frames of each clip; else all.")
@click.option(
    "--start", default=0, show_default=True, type=click.IntRange(0), help="The first frame to take."
)
@click.option("--layout", metavar="NAME", help="The data set's layout; else the folder's name tells it.")
@click.option(
    "--degrade",
    "recipes",
    metavar="RECIPE",
    multiple=True,
    help="Take clips as ground truth, and make low-quality ones: bicubic, mild, medium, heavy; repeat it.",
)
@click.option(
    "--vary",
    "varied",
    metavar="SETTING=VALUE,...",
    multiple=True,
    help="Restore by our network once for each value; repeat it for every combination with other values.",
)
@_target("--csv", "csv_file", help="Write CSV here.")
@_target("--json", "json_file", help="Write JSON here.")
@_target("--markdown", "markdown_file", help="Write Markdown here.")
@_target("--plot", "plot_file", help="Draw the means over what --vary varies (PNG, PDF, SVG).")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, value: _list(context) if value else None,
    help="List peers, metrics, recipes and layouts.",
)
@partial(settings_options, without=("cuts",))
def evaluate(
    clips: tuple[Path, ...],
    peers: tuple[str, ...],
    metrics: str,
    frames: int | None,
    start: int,
    layout: str | None,
    recipes: tuple[str, ...],
    varied: tuple[str, ...],
    csv_file: Path | None,
    json_file: Path | None,
    markdown_file: Path | None,
    plot_file: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Restore CLIPS by the network and its peers, and print how good they are.

    CLIPS are videos, folders of images, or data sets (VideoLQ, REDS4, UDM10, Vid4, or any folder with GT
    beside LQ). Clips with ground truth are compared with it; others get the metrics that need none.
    Each clip counts as one shot, and is held in memory. Peers and metrics' parameters come from installed
    packages; what cannot be had is a dash with its reason, which names the package.

    Each peer runs in a process of its own: memory is that process's highest, PyTorch included, and time is
    counted after a first try on two tiny frames.
    """
    if plot_file is not None and not varied:
        raise click.UsageError("--plot draws what --vary varies: give --vary, too.")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in `restore`, before torch loads
    with signals_held():
        from vsrealbasicvsr.bench.machine import machine
        from vsrealbasicvsr.engine.device import find_device
        from vsrealbasicvsr.evaluate import plot, table
        from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
        from vsrealbasicvsr.evaluate.evaluate import evaluate as run
        from vsrealbasicvsr.evaluate.metrics.known import METRICS
        from vsrealbasicvsr.evaluate.peers.known import PEERS
        from vsrealbasicvsr.evaluate.peers.restorer import peer_name
        from vsrealbasicvsr.evaluate.samples import LAYOUTS, find_samples
        from vsrealbasicvsr.grid import read_axis, variants
        from vsrealbasicvsr.plot.figure import check_figure

    try:
        settings = Settings.from_mapping(choices)
        axes = [read_axis(text, without=_FIXED) for text in varied]
        grid = variants(settings, axes)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    measured = named(METRICS, metrics.split(","), "--metrics")
    if layout is not None:
        named(LAYOUTS, [layout], "--layout")
    restorers = (*_our_variants(grid), *named(PEERS, peers, "--peer"))
    chosen = named(RECIPES, recipes, "--degrade")
    if plot_file is not None:
        check_figure(plot_file)
    device = str(find_device(settings.device))
    samples = [sample for clip in clips for sample in find_samples(clip, layout, chosen)]
    rows = run(samples, restorers, measured, device=device, frames=frames, start=start)
    results = table.tabulate(_with_bar(rows, len(samples) * len(restorers), quiet=quiet), measured)
    setup = {
        "clips": [str(clip) for clip in clips], "frames": frames, "start": start, "degrade": list(recipes),
        "settings": asdict(settings), "vary": {axis.name: axis.values for axis in axes},
        "refinement": {peer_name(variant): _refinement(variant.settings) for variant in grid},
        "machine": machine(device),
    }  # fmt: skip
    click.echo(table.to_text(results), nl=False)
    if csv_file is not None:
        write_text(csv_file, table.to_csv(results))
    if json_file is not None:
        write_text(json_file, table.to_json(results, setup))
    if markdown_file is not None:
        write_text(markdown_file, table.to_markdown(results))
    if plot_file is not None:
        plot.plot(results, axes, grid, plot_file)


def _refinement(settings: Settings) -> dict[str, float | None]:
    """Return the refinement numbers of a variant: its own, or those of its weights."""
    from vsrealbasicvsr import weights

    completed = weights.completed(settings)
    return {"refine": completed.refine, "max_passes": completed.max_passes}


def _our_variants(variants: Iterable[Variant]) -> Iterator[Peer]:
    """Yield our network with each variant. Wrong weights raise an error here, they do not become a dash."""
    from vsrealbasicvsr import weights
    from vsrealbasicvsr.evaluate.peers import restorer
    from vsrealbasicvsr.evaluate.peers.peer import Peer
    from vsrealbasicvsr.network import load

    checked = set()
    for variant in variants:
        if variant.settings.model not in checked:
            load(weights.resolve(variant.settings.model))
            checked.add(variant.settings.model)
        yield Peer(
            name=restorer.peer_name(variant),
            description="RealBasicVSR.",
            load=partial(restorer.load, settings=variant.settings),
        )


def named[T](known: Sequence[T], names: Iterable[str], option: str) -> tuple[T, ...]:
    """Return the known items with these names, in the order of `known`; the name "all" selects every item.

    Raises:
        click.UsageError: a name is unknown; the message begins with `option`.
    """
    selected = [name.strip() for name in names]
    known_names = [str(getattr(item, "name", "")) for item in known]
    wrong = next((name for name in selected if name not in (*known_names, _EVERY)), None)
    if wrong is not None:
        raise click.UsageError(f"{option}: there is no {wrong!r}; there are {', '.join(known_names)}.")
    return tuple(
        item for item, name in zip(known, known_names, strict=True) if _EVERY in selected or name in selected
    )


def _with_bar(rows: Iterable[Row], count: int, *, quiet: bool) -> Iterator[Row]:
    """Yield the rows with a progress bar on stderr; it does not count the rows of the ground truth."""
    from tqdm import tqdm

    from vsrealbasicvsr.evaluate.evaluate import TRUTH

    with tqdm(total=count, unit=" rows", file=Stderr(), disable=quiet or None, leave=False) as bar:
        for row in rows:
            bar.set_postfix_str(f"{row.set} {row.clip}: {row.peer}", refresh=False)
            bar.update(row.peer != TRUTH)
            yield row


def _list(context: click.Context) -> None:
    from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
    from vsrealbasicvsr.evaluate.metrics.known import METRICS
    from vsrealbasicvsr.evaluate.peers.known import PEERS
    from vsrealbasicvsr.evaluate.samples import LAYOUTS

    click.echo("Peers:")
    for peer in PEERS:
        click.echo(f"  {peer.name}: {peer.description}")
    click.echo("Metrics:")
    for metric in METRICS:
        click.echo(f"  {metric.name}: {metric.title}, {metric.better} is better")
    for what, known in (("Recipes", RECIPES), ("Layouts", LAYOUTS)):
        click.echo(f"{what}: {', '.join(item.name for item in known)}")
    context.exit()
