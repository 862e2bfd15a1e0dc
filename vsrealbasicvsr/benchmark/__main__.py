"""The benchmark's command line; figures go to stdout as a table, and to a file as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vsrealbasicvsr.benchmark.memory import measure_memory
from vsrealbasicvsr.settings import Precision


def _size(_context: click.Context, _parameter: click.Parameter, text: str) -> dict[str, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise click.BadParameter(f"{text!r} is no size; write it as 320x180.")
    return {"width": int(width), "height": int(height)}


_window = click.option("--window", default=24, show_default=True, type=click.IntRange(0), help="Frames.")
_margin = click.option("--margin", default=8, show_default=True, type=click.IntRange(0), help="Frames.")
_json = click.option(
    "--json", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here."
)


@click.group()
def main() -> None:
    """Measure speed and memory on this machine, with random weights and a synthetic clip."""


@main.command()
@click.option("--frames", default=8, show_default=True, type=click.IntRange(1))
@click.option("--size", default="320x180", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@click.option("--channels", default=64, show_default=True, type=click.IntRange(1), help="Width.")
@click.option("--blocks", default=20, show_default=True, type=click.IntRange(1), help="Residual blocks.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns timed.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--precision", default="fp32", show_default=True, type=click.Choice(["fp32", "fp16", "bf16"]))
@_json
def speed(
    size: dict[str, int], rounds: int, device: str, precision: Precision, target: Path | None, **case: int
) -> None:
    """Seconds per frame of Restorer.stream against the plain network."""
    # torch is imported here, so that `memory` runs in a small process
    from vsrealbasicvsr.benchmark.case import Case, machine
    from vsrealbasicvsr.benchmark.speed import measure_speed

    result = measure_speed(Case(**size, **case), device=device, precision=precision, rounds=rounds)
    click.echo(f"stream      {result.stream:8.3f} s/frame ({precision})")
    click.echo(f"plain fp32  {result.plain:8.3f} s/frame")
    click.echo(f"ratio       {result.ratio:8.2f} times as fast")
    click.echo(f"difference  {result.difference:8.1e} at most (0-1)")
    setup = {**size, **case, "rounds": rounds, "precision": precision}
    _save(target, {"benchmark": "speed", "case": setup, "result": asdict(result), "machine": machine(device)})


@main.command()
@click.option("--short", default=100, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--long", default=300, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--size", default="96x72", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@click.option("--channels", default=16, show_default=True, type=click.IntRange(1), help="Width.")
@click.option("--blocks", default=1, show_default=True, type=click.IntRange(1), help="Residual blocks.")
@_json
def memory(size: dict[str, int], short: int, long: int, target: Path | None, **case: int) -> None:
    """Peak memory of Restorer.stream for a short and a long clip.

    The network is small by default, so that frames kept by mistake would outweigh it: 200 frames of
    96x72 with their flows are 39 MB, 5 % of the process.
    """
    result = asdict(measure_memory({**size, **case}, short, long))
    on = result.pop("machine")
    click.echo(f"{short:5} frames  {result['short'] / 2**20:8.1f} MiB")
    click.echo(f"{long:5} frames  {result['long'] / 2**20:8.1f} MiB")
    click.echo(f"ratio         {result['ratio']:8.3f}")
    setup = {**size, **case, "short": short, "long": long}
    _save(target, {"benchmark": "memory", "case": setup, "result": result, "machine": on})


def _save(target: Path | None, report: Mapping[str, Any]) -> None:
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
