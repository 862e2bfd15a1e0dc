"""The command line of the benchmarks; figures go to stdout as a table, and to a file as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmarks.memory import measure_memory


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
    """Measure memory, the filter, the bridge and jobs, with random weights and a synthetic clip.

    Speed: `vsrealbasicvsr bench`.
    """


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


@main.command()
@click.option("--frames", default=480, show_default=True, type=click.IntRange(1))
@click.option("--size", default="16x16", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@click.option("--count", default=2, show_default=True, type=click.IntRange(2), help="Devices.")
@click.option("--seconds", default=0.05, show_default=True, type=click.FloatRange(0.001), help="Of a frame.")
@_json
def lanes(size: dict[str, int], count: int, seconds: float, target: Path | None, **case: int) -> None:
    """Windows spread over several devices, simulated: they sleep for as long as the work would take."""
    from benchmarks.lanes import measure_spread
    from vsrealbasicvsr.bench.case import Case

    result = measure_spread(Case(**size, **case, channels=8, blocks=1), count, seconds)
    click.echo(f"one         {result.one:8.2f} s")
    click.echo(f"{count:<3}         {result.several:8.2f} s")
    click.echo(f"ratio       {result.speedup:8.3f}")
    setup = {**size, **case, "count": count, "seconds": seconds}
    _save(target, {"benchmark": "lanes", "case": setup, "result": asdict(result)})


@main.group(name="filter")
def vapoursynth_filter() -> None:
    """Measure the VapourSynth filter."""


_small = (
    click.option("--channels", default=8, show_default=True, type=click.IntRange(1), help="Width."),
    click.option("--blocks", default=1, show_default=True, type=click.IntRange(1), help="Residual blocks."),
)


@vapoursynth_filter.command()
@click.option("--frames", default=48, show_default=True, type=click.IntRange(1))
@click.option("--size", default="160x90", show_default=True, callback=_size, help="Source pixels.")
@click.option("--window", default=12, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--margin", default=4, show_default=True, type=click.IntRange(0), help="Frames.")
@click.option("--channels", default=64, show_default=True, type=click.IntRange(1), help="Width.")
@click.option("--blocks", default=20, show_default=True, type=click.IntRange(1), help="Residual blocks.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns timed.")
@click.option("--device", default="cpu", show_default=True)
@_json
def overhead(size: dict[str, int], rounds: int, device: str, target: Path | None, **case: int) -> None:
    """Seconds per frame of the filter against Restorer.stream."""
    from benchmarks.filter import measure_overhead
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.bench.machine import machine

    result = measure_overhead(Case(**size, **case), device=device, rounds=rounds)
    click.echo(f"engine      {result.engine:8.4f} s/frame")
    click.echo(f"filter      {result.filter:8.4f} s/frame, overhead {100 * result.overhead:+.1f} %")
    click.echo(f"made ahead  {result.ahead:8.4f} s/frame")
    click.echo(f"equal bits  {'yes' if result.equal else 'NO'}; ratio {1 + result.overhead:.3f}")
    setup = {**size, **case, "rounds": rounds}
    report = {"benchmark": "filter overhead", "case": setup, "result": asdict(result)}
    _save(target, {**report, "machine": machine(device)})


@vapoursynth_filter.command()
@click.option("--frames", default=300, show_default=True, type=click.IntRange(1))
@click.option("--size", default="320x180", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@_small[0]
@_small[1]
@_json
def requests(size: dict[str, int], target: Path | None, **case: int) -> None:
    """Frames a second of `vspipe -r 1, 4 and 16`, and the windows that it took."""
    from benchmarks.filter import run_pipe

    results = {}
    for count in (1, 4, 16):
        results[count] = run_pipe({**size, **case}, requests=count)
        click.echo(f"-r {count:<3} {results[count].rate:8.2f} frames/s, {results[count].windows} windows")
    least = -(-case["frames"] // case["window"])
    click.echo(f"needed {least} windows; ratio {results[16].rate / results[1].rate:.3f}")
    runs = {str(count): asdict(run) for count, run in results.items()}
    _save(target, {"benchmark": "filter requests", "case": {**size, **case}, "result": runs})


@vapoursynth_filter.command(name="memory")
@click.option("--short", default=300, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--long", default=1000, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--size", default="320x180", show_default=True, callback=_size, help="Source pixels.")
@click.option("--cache", type=click.IntRange(1), help="VapourSynth's cache limit in MiB.")
@_window
@_margin
@_small[0]
@_small[1]
@_json
def filter_memory(
    size: dict[str, int], short: int, long: int, cache: int | None, target: Path | None, **case: int
) -> None:
    """Peak memory of vspipe for a short and a long clip."""
    from benchmarks.filter import run_pipe

    runs = [run_pipe({**size, **case, "frames": frames}, cache=cache) for frames in (short, long)]
    for frames, run in zip((short, long), runs, strict=True):
        windows = f"{run.windows} windows, {run.rate:.2f} frames/s"
        click.echo(f"{frames:5} frames  {run.bytes / 2**20:8.1f} MiB, {windows}")
    click.echo(f"ratio         {runs[1].bytes / runs[0].bytes:8.3f}")
    setup = {**size, **case, "short": short, "long": long, "cache": cache}
    _save(target, {"benchmark": "filter memory", "case": setup, "result": [asdict(run) for run in runs]})


@vapoursynth_filter.command()
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=100.0, show_default=True, type=click.FloatRange(0.1), help="Seeks a second.")
@click.option("--frames", default=120, show_default=True, type=click.IntRange(1))
@click.option("--size", default="16x12", show_default=True, callback=_size, help="Source pixels.")
@click.option("--window", default=4, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--margin", default=1, show_default=True, type=click.IntRange(0), help="Frames.")
@_small[0]
@_small[1]
@_json
def seeks(
    size: dict[str, int], seconds: float, threads: int, rate: float, target: Path | None, **case: int
) -> None:
    """Random frames from several threads, each compared with those of a forward run."""
    from benchmarks.filter import storm
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.bench.machine import machine

    result = storm(Case(**size, **case), seconds=seconds, threads=threads, rate=rate)
    click.echo(f"{result.seeks} seeks in {result.seconds:.1f} s, {result.wrong} wrong frames")
    sizes = f"{result.early / 2**20:.1f} MiB early, {result.late / 2**20:.1f} MiB at the end"
    click.echo(f"{sizes}; ratio {result.late / result.early:.3f}")
    setup = {**size, **case, "threads": threads, "rate": rate}
    report = {"benchmark": "filter seeks", "case": setup, "result": asdict(result), "machine": machine("cpu")}
    _save(target, report)
    if result.wrong:
        raise click.ClickException("frames depended on the order of seeks.")


@main.group()
def bridge() -> None:
    """Measure the bridge to ffmpeg."""


_program = click.option(
    "--ffmpeg", "program", metavar="PATH", help="The ffmpeg to use, instead of the one on the PATH."
)


@bridge.command(name="overhead")
@click.option("--frames", default=24, show_default=True, type=click.IntRange(1))
@click.option("--size", default="160x90", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@click.option("--channels", default=64, show_default=True, type=click.IntRange(1), help="Width.")
@click.option("--blocks", default=20, show_default=True, type=click.IntRange(1), help="Residual blocks.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns timed.")
@_program
@_json
def bridge_overhead(
    size: dict[str, int], rounds: int, program: str | None, target: Path | None, **case: int
) -> None:
    """`vsrealbasicvsr ffmpeg` against `vsrealbasicvsr restore`, whole commands from start to end."""
    from benchmarks.bridge import measure_overhead
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.bench.machine import machine

    result = measure_overhead(Case(**size, **case), ffmpeg=program, rounds=rounds)
    click.echo(f"restore     {result.restore:8.2f} s")
    click.echo(f"ffmpeg      {result.bridge:8.2f} s, overhead {100 * result.overhead:+.1f} %")
    click.echo(f"ratio       {1 + result.overhead:8.3f}")
    for name, peak in result.peaks.items():
        click.echo(f"{peak / 2**20:8.1f} MiB  {name}")
    report = {"benchmark": "bridge overhead", "case": {**size, **case, "rounds": rounds}}
    _save(target, {**report, "result": asdict(result), "machine": machine("cpu")})


@bridge.command()
@click.option("--frames", default=300, show_default=True, type=click.IntRange(1))
@click.option("--size", default="1280x720", show_default=True, callback=_size, help="Pixels on the pipe.")
@_program
@_json
def pipes(size: dict[str, int], frames: int, program: str | None, target: Path | None) -> None:
    """MB a second through the pipe from an ffmpeg and through that to an ffmpeg."""
    from benchmarks.bridge import measure_pipes
    from vsrealbasicvsr.bench.machine import machine

    result = measure_pipes((size["width"], size["height"]), frames, ffmpeg=program)
    click.echo(f"from ffmpeg {result.read:8.0f} MB/s")
    click.echo(f"to ffmpeg   {result.written:8.0f} MB/s")
    click.echo(f"ratio       {result.written / result.read:8.2f}")
    report = {"benchmark": "bridge pipes", "case": {**size, "frames": frames}, "result": asdict(result)}
    _save(target, {**report, "machine": machine("cpu")})


@main.group()
def jobs() -> None:
    """Measure the job of `restore`: what it adds, and how it spreads over workers."""


_shot = click.option("--shot", default=100, show_default=True, type=click.IntRange(1), help="Frames.")
_encoder = click.option("--encoder", default="x264", show_default=True)
_sleep = click.option(
    "--seconds", default=0.05, show_default=True, type=click.FloatRange(0), help="Slept for a frame."
)


@jobs.command(name="overhead")
@click.option("--frames", default=480, show_default=True, type=click.IntRange(1))
@click.option("--size", default="320x180", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@_shot
@_encoder
@_sleep
@click.option("--compute", is_flag=True, help="Compute with the network below instead of sleeping.")
@_small[0]
@_small[1]
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns timed.")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Work in it.")
@_json
def jobs_overhead(
    size: dict[str, int],
    seconds: float,
    compute: bool,
    shot: int,
    encoder: str,
    rounds: int,
    folder: Path | None,
    target: Path | None,
    **case: int,
) -> None:
    """`restore_file` with its segments against one pass into one file."""
    from benchmarks.jobs import Network, Sleeper, measure_overhead
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.bench.machine import machine

    clip = Case(**size, **case)
    opener = Network(clip) if compute else Sleeper(seconds)
    result = measure_overhead(clip, opener=opener, shot=shot, encoder=encoder, rounds=rounds, folder=folder)
    for name, run in (("plain", result.plain), ("job", result.job)):
        parts = f"{run.before:.2f} before the first frame, {run.after:.2f} after the last"
        click.echo(f"{name:8} {run.whole:8.2f} s: {parts}")
    click.echo(f"ratio    {1 + result.overhead:8.4f}, overhead {100 * result.overhead:+.1f} %")
    work = {**case, "seconds": None if compute else seconds}
    setup = {**size, **work, "compute": compute, "shot": shot, "encoder": encoder, "rounds": rounds}
    report = {"benchmark": "jobs overhead", "case": setup, "result": asdict(result)}
    _save(target, {**report, "machine": machine("cpu")})


@jobs.command(name="spread")
@click.option("--frames", default=480, show_default=True, type=click.IntRange(1))
@click.option("--size", default="160x90", show_default=True, callback=_size, help="Source pixels.")
@_window
@_margin
@_shot
@_encoder
@_sleep
@click.option("--count", default=2, show_default=True, type=click.IntRange(2), help="Workers.")
@click.option("--segment-length", default=24, show_default=True, type=click.IntRange(1), help="Frames.")
@click.option("--ray", is_flag=True, help="In a Ray cluster on this machine instead of processes.")
@_json
def jobs_spread(
    size: dict[str, int],
    frames: int,
    window: int,
    margin: int,
    ray: bool,
    target: Path | None,
    **options: Any,
) -> None:
    """One worker against several, which sleep, and with one of them killed."""
    from benchmarks.jobs import measure_spread
    from vsrealbasicvsr.bench.case import Case
    from vsrealbasicvsr.bench.machine import machine

    clip = {**size, "frames": frames, "window": window, "margin": margin}
    where: Any = "ray" if ray else "processes"
    result = measure_spread(Case(**clip), where=where, **options)
    click.echo(f"one         {result.one:8.2f} s, {result.segments} segments")
    click.echo(f"{options['count']:<3}         {result.several:8.2f} s")
    click.echo(f"one killed  {result.killed:8.2f} s, {result.failures} tries failed")
    click.echo(f"ratio       {result.speedup:8.3f}; equal pictures: {'yes' if result.equal else 'NO'}")
    report = {"benchmark": "jobs spread", "case": {**clip, "where": where, **options}}
    _save(target, {**report, "result": asdict(result), "machine": machine("cpu")})


def _save(target: Path | None, report: Mapping[str, Any]) -> None:
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
