"""`vsrealbasicvsr job plan`: a forecast of the time that a restoration takes on any number of devices."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsrealbasicvsr.cli.parameter_types import Size
from vsrealbasicvsr.cli.setting_flags import settings_options
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.files import write_text
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.terminal import Stderr

if TYPE_CHECKING:
    from vsrealbasicvsr.job.forecast import Costs, Film, Forecast, Load

EXAMPLES = """\b
Examples:
  vsrealbasicvsr job plan old.mkv --rate 5
  vsrealbasicvsr job plan --film 120 --rate 20 --workers 4 --workers 16 --json plan.json
"""

_CHOICES = ("cuts", "window", "margin")
_LENGTHS = (24, 48, 96, 240, 1000)
_SCAN_RATE = 360.0
"""Frames of 1280x720 decoded per second on a machine with two cores."""
_Positive = partial(click.FloatRange, min=0, min_open=True)


@click.command(epilog=EXAMPLES)
@click.argument("source", metavar="[IN]", required=False)
@click.option(
    "--film", "minutes", metavar="MINUTES", type=_Positive(max=10_000),
    help="Instead of IN: a made-up film, 24 frames/s, shots of 4 s on average, half of them below 2.5 s.",
)  # fmt: skip
@click.option(
    "--size",
    default=(1280, 720),
    show_default="1280x720",
    type=Size(),
    help="Pixels of that film's pictures.",
)
@click.option(
    "--rate", "rates", metavar="FPS", required=True, multiple=True, type=_Positive(),
    help="Frames a second of one device, as `vsrealbasicvsr bench` measures them; repeat it.",
)  # fmt: skip
@click.option(
    "--workers", "devices", multiple=True, default=(1, 8, 64, 1000), show_default="1, 8, 64, 1000",
    type=click.IntRange(1, 100_000), help="Devices, a worker on each; repeat it.",
)  # fmt: skip
@partial(settings_options, without=[item.name for item in fields(Settings) if item.name not in _CHOICES])
@click.option(
    "--segment-length", default=0, show_default=True, type=click.IntRange(0, 1_000_000),
    help="As of `restore`; 0 chooses by the picture's size.",
)  # fmt: skip
@click.option(
    "--scan-rate", metavar="FPS", type=_Positive(), show_default="as IN is read now; 360 with --film",
    help="Frames a second that are read to find the segments.",
)  # fmt: skip
@click.option(
    "--disk",
    default=200.0,
    show_default=True,
    type=_Positive(),
    help="MB a second that one process reads or writes.",
)
@click.option(
    "--bitrate", default=20.0, show_default=True, type=_Positive(), help="Of the output, in Mbit/s."
)
@click.option(
    "--start",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds until workers are ready.",
)
@click.option(
    "--overhead", default=0.3, show_default=True, type=click.FloatRange(0), help="Seconds for each segment."
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures here."
)
def plan(
    source: str | None,
    minutes: float | None,
    size: tuple[int, int],
    rates: tuple[float, ...],
    devices: tuple[int, ...],
    segment_length: int,
    scan_rate: float | None,
    json_file: Path | None,
    cuts: str,
    window: int,
    margin: int,
    **costs: float,
) -> None:
    """Tell how long restoring IN would take on so many devices, and what holds them up.

    Nothing is restored: IN is read once for its segments, then a run with so many --workers is played
    through with the figures given here.
    """
    if (source is None) == (minutes is None):
        raise click.UsageError("give either IN or --film MINUTES.")
    if not all(size):
        raise click.UsageError("--size needs a width and a height of 1 or more.")
    try:
        Settings(cuts=cuts, window=window, margin=margin)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from vsrealbasicvsr.cuts import given_cuts
    from vsrealbasicvsr.job.forecast import Costs, loads, made_up_film, simulate
    from vsrealbasicvsr.job.segments.rule import longest_segment

    known_cuts = given_cuts(cuts)
    if source is None:
        film, measured = made_up_film(minutes or 0, *size, known_cuts), _SCAN_RATE
    else:
        film, measured = _read(source, known_cuts)

    def cut_at(longest: int) -> tuple[Load, ...]:
        return tuple(loads(film, longest, window, margin))

    longest = longest_segment(segment_length, film.width, film.height)
    segments, loads_by_length = cut_at(longest), {length: cut_at(length) for length in _LENGTHS}
    click.echo(_described(film, segments))
    results = []
    for rate in rates:
        pace = Costs(rate=rate, scan_rate=scan_rate or measured, **costs)
        forecasts = [simulate(film, segments, count, pace) for count in devices]
        lengths = [(cut, simulate(film, loads_by_length[cut], max(devices), pace)) for cut in _LENGTHS]
        for line in (*_table(forecasts, pace), *_by_length(loads_by_length, lengths)):
            click.echo(line)
        results.append(
            {
                "costs": asdict(pace),
                "devices": [_figures(forecast) for forecast in forecasts],
                "segment_lengths": [
                    _counted(cut, loads_by_length[cut]) | _figures(forecast) for cut, forecast in lengths
                ],
            }
        )
    report = {
        "benchmark": "job plan",
        "case": {"source": source, "minutes": minutes, "cuts": cuts, "window": window, "margin": margin},
        "film": asdict(film) | {"cuts": len(film.cuts), "rate": float(film.rate)},
        "segments": _counted(longest, segments),
        "results": results,
    }
    if json_file is not None:
        write_text(json_file, json.dumps(report, indent=2) + "\n")


def _read(source: str, known_cuts: Container[int] | None) -> tuple[Film, float]:
    """Return the film in a file, and the rate at which it was read, in frames per second."""
    from tqdm import tqdm

    from vsrealbasicvsr.job.forecast import read_film
    from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
    from vsrealbasicvsr.video.read.source import open_source

    with open_source(Path(source)) as reader:
        frames = frames_with_cuts(reader, known_cuts)
        total = reader.info.frames
        with tqdm(frames, total=total, unit=" frames", file=Stderr(), disable=None, leave=False) as bar:
            return read_film(bar, reader.info)


def _described(film: Film, segments: Sequence[Load]) -> str:
    longest = max(load.segment.frames for load in segments)
    length = _clock(float(film.frames / film.rate))
    return (
        f"{film.frames} frames of {film.width}x{film.height} ({length}), {len(film.cuts)} cuts, "
        f"{len(segments)} segments of {film.frames / len(segments):.0f} frames on average, {longest} at most"
    )


def _table(forecasts: Iterable[Forecast], costs: Costs) -> Iterator[str]:
    """Yield a line for each number of devices, then a sentence for each."""
    yield f"\n{costs.rate:g} frames/s a device, {costs.scan_rate:.0f} frames/s read"
    yield "devices      scan  restoring   joining      whole  speed-up  of ideal"
    for item in forecasts:
        yield (
            f"{item.devices:7}  {_clock(item.scan):>8}  {_clock(item.restoring):>9}  "
            f"{_clock(item.joining):>8}  {_clock(item.whole):>9}  {item.speedup:8.1f}  {item.share:8.1%}"
        )
    for item in forecasts:
        yield f"{item.devices:7}  {_bottleneck(item, costs)}"


def _bottleneck(forecast: Forecast, costs: Costs) -> str:
    """Return what limits the speed, and what would limit it next."""
    first, second = sorted(forecast.gains, key=lambda name: -forecast.gains[name])[:2]
    enough = costs.scan_rate / costs.rate
    means = {
        "devices": "nothing but their number: twice as many take",
        "scan": f"the scan, which finds work for {enough:.1f} devices: without it",
        "segments": "the last segments, for which other devices wait: with shorter ones at best",
        "joining": "the joining, which one process does alone: without it",
        "start": "the start of the workers: without it",
    }
    after = f"then {second}: {forecast.gains[second]:.1f} s"
    return f"held up by {means[first]} {forecast.gains[first]:.1f} s less; {after}"


def _by_length(
    segments: Mapping[int, Sequence[Load]], forecasts: Sequence[tuple[int, Forecast]]
) -> Iterator[str]:
    """Yield a table of the effect of --segment-length."""
    yield f"\n{forecasts[0][1].devices} devices by --segment-length"
    yield " length  segments  context frames  for the last       whole"
    for length, forecast in forecasts:
        context = sum(load.context for load in segments[length])
        yield (
            f"{length:7}  {len(segments[length]):8}  {context:14}  "
            f"{forecast.gains['segments']:10.1f} s  {_clock(forecast.whole):>10}"
        )


def _counted(longest: int, segments: Sequence[Load]) -> dict[str, int]:
    return {
        "length": longest,
        "segments": len(segments),
        "longest": max(load.segment.frames for load in segments),
        "context_frames": sum(load.context for load in segments),
    }


def _figures(forecast: Forecast) -> dict[str, Any]:
    return asdict(forecast) | {"whole": forecast.whole, "share": forecast.share, "bound": forecast.bound}


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
