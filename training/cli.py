"""The command line: `python -m training STAGE.toml ...`, and the commands of the tools."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from training.configuration import read_stage
from training.degradation.options import DegradationOptions
from training.folders import require_folders
from training.options import require
from training.stage import Stage
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.terminal import Program, Stderr, say, signals_held
from vsrealbasicvsr.weights.refinement import RefinementDefaults

if TYPE_CHECKING:
    from training.diagnosis.diagnose import ClipScores

_SET_HELP = "Set one option, such as optimizer.learning_rate=2e-4; may be repeated."
_path = click.Path(path_type=Path)
_FOOTAGE = {
    "--data": "Folder of frame folders and videos; repeatable.",
    "--photos": "Folder of photographs to set in motion; repeatable.",
    "--drawings": "Folder of drawings to set in motion; repeatable.",
    "--fonts": "Folder of fonts to write text in; repeatable.",
}
"""Options for the sources of clips, for all commands that take samples."""


def _footage_options[F: Callable[..., Any]](command: F) -> F:
    for flag, text in reversed(_FOOTAGE.items()):
        command = click.option(flag, multiple=True, type=_path, help=text)(command)
    return command


class _Program(Program):
    """A group whose default command is `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Program,
    logger="training",
    level=logging.INFO,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Train RealBasicVSR: python -m training STAGE.toml --data FOLDER --out RUN.

    `run` is the default command and need not be written.
    """


@main.command()
@click.argument("configurations", nargs=-1, required=True, type=_path, metavar="STAGE.toml [MORE.toml ...]")
@_footage_options
@click.option("--pool", "pools", multiple=True, type=_path, help="Pool of a cleaning stage; repeatable.")
@click.option("--validate", "validation", type=_path, help="Folder to validate on.")
@click.option("--out", required=True, type=_path, help="The run's folder.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint in --out.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help=_SET_HELP)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
def run(
    configurations: tuple[Path, ...], pools: tuple[Path, ...], validation: Path | None, out: Path,
    resume: bool, assignments: tuple[str, ...], device: str, **footage: tuple[Path, ...],
) -> None:  # fmt: skip
    """Train a stage; later files and --set stand above earlier ones.

    Shipped stages: stage1.toml, stage2.toml, cleaning.toml, smoke.toml and the paper's ablations, found by
    name.
    Under torchrun it trains on all its processes. SIGTERM saves and exits 0; Ctrl-C saves and exits 130.
    """
    folders = {**footage, "pools": pools}
    stage = _with_sources(read_stage(configurations, assignments), folders, validation)
    # torch and the rest of training are imported here, so that --help and option errors appear at once
    with signals_held():
        from training.processes import joined
        from training.run import run as train

    with joined(device) as processes:
        number = train(stage, out, processes, resume=resume)
        if not number and processes.leads:
            say(f"training: done; python -m training export {out} OUT.safetensors makes weights of it")
    if number == signal.SIGINT:
        raise KeyboardInterrupt


@main.command()
@click.argument("sources", nargs=-1, required=True, type=_path)
@click.argument("target", type=_path)
@click.option("--size", default=480, show_default=True, type=click.IntRange(64), help="Side in pixels.")
@click.option("--step", default=240, show_default=True, type=click.IntRange(1), help="Distance in pixels.")
@click.option("--format", "image", default="png", show_default=True, type=click.Choice(["png", "webp"]))
@click.option("--jobs", type=click.IntRange(1), help="Pictures at a time; default: one a core.")
def prepare(sources: tuple[Path, ...], target: Path, **options: Any) -> None:
    """Cut frame folders and videos into sub-images, which load faster. Run it again to go on."""
    from training.tools.prepare import prepare as cut

    with tqdm(unit=" pictures", dynamic_ncols=True) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        prepared = cut(sources, target, progress=show, **options)
    for message in prepared.damaged:
        say(f"training: left out: {message}")
    click.echo(
        f"{prepared.written} files written, {prepared.already} were there, {len(prepared.damaged)} left out"
    )


@main.command()
@click.argument("configurations", nargs=-1, required=True, type=_path, metavar="STAGE.toml [MORE.toml ...]")
@_footage_options
@click.option(
    "--teacher", type=_path, help="Folder with realesrgan-x4plus.param and .bin; default: no teacher."
)
@click.option("--out", required=True, type=_path, help="The pool's folder.")
@click.option("--count", default=20_000, show_default=True, type=click.IntRange(1), help="Samples.")
@click.option("--frames", default=2, show_default=True, type=click.IntRange(1), help="Of each clip.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help=_SET_HELP)
def pool(
    configurations: tuple[Path, ...], teacher: Path | None, out: Path, count: int, frames: int,
    assignments: tuple[str, ...], **footage: tuple[Path, ...],
) -> None:  # fmt: skip
    """Make the samples of the cleaning stage once and keep them. Run it again to go on or to make more.

    The teacher runs on the CPU.
    """
    stage = _with_sources(read_stage(configurations, assignments), footage)
    require_folders(replace(stage.sources, validation=""))
    from training.pool.fill import fill

    with tqdm(total=count, unit=" samples", dynamic_ncols=True) as bar:
        samples = fill(
            stage, out, count=count, frames=frames, teacher=teacher,
            progress=lambda there: bar.update(min(there, count) - bar.n),
        )  # fmt: skip
    click.echo(f"{samples} samples in {out}")


@main.command()
@click.argument("source", type=_path)
@click.argument("target", type=_path)
@click.option("--config", "configurations", multiple=True, type=_path, help="Stage files; default: released.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help=_SET_HELP)
@click.option("--frames", type=click.IntRange(1), help="How many; default: all, a picture 30 times.")
@click.option("--crop", type=click.IntRange(8), help="Side of the centre piece; default: the whole picture.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
def degrade(
    source: Path, target: Path, configurations: tuple[Path, ...], assignments: tuple[str, ...],
    frames: int | None, crop: int | None, seed: int,
) -> None:  # fmt: skip
    """Write what training would see of a video, frame folder or picture, with the drawn parameters."""
    from training.tools.degrade import degrade_clip

    options = DegradationOptions()
    if configurations or assignments:
        options = read_stage(configurations, ("iterations=1", *assignments)).degradation
    degrade_clip(source, target, degradation=options, frames=frames, seed=seed, crop=crop)
    click.echo(f"{target / 'overview.png'} shows it, {target / 'parameters.json'} says what was drawn")


@main.command()
@click.argument("run", type=_path)
@click.argument("target", type=_path)
@click.option("--precision", default="fp16", show_default=True, type=click.Choice(["fp16", "fp32"]))
@click.option("--which", type=click.Choice(["best", "latest"]), help="Default: the best if there is one.")
@click.option("--licence", default="", help="Of the weights, for the metadata; that of your data may bind.")
@click.option("--refine", type=float, show_default="not said", help="The filter's default with OUT, 0-255.")
@click.option("--max-passes", type=int, show_default="not said", help="The filter's default with OUT, 0-100.")
def export(run: Path, target: Path, refine: float | None, max_passes: int | None, **options: Any) -> None:
    """Write a run's averaged weights as OUT.safetensors, for the filter and the command line."""
    try:
        refinement = RefinementDefaults(refine, max_passes)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from training.tools.export import export as write

    checkpoint = write(run, target, refinement=refinement, **options)
    click.echo(f"{target} written from {checkpoint}")


@main.command()
@click.argument("truth", type=_path, metavar="FOLDER_OF_TRUTH")
@click.option("--teacher", required=True, type=_path, help="Folder with realesrgan-x4plus.param and .bin.")
@click.option("--weights", "networks", multiple=True, metavar="NAME=FILE", help="To diagnose; repeatable.")
@click.option("--start", type=_path, help="BasicVSR's own weights, for the rows that need them.")
@click.option(
    "--degrade",
    "degradations",
    multiple=True,
    metavar="RECIPE",
    help="bicubic, mild, medium or heavy; repeatable; default: all.",
)
@click.option("--frames", default=5, show_default=True, type=click.IntRange(1), help="Of each clip.")
@click.option("--refine", type=float, help="As in restoring; default: what the weights say.")
@click.option("--max-passes", type=int, help="Of cleaning, at most; default: what the weights say.")
@click.option("--json", "target", type=_path, help="Write the figures here as well, those of clips too.")
def diagnose(refine: float | None, max_passes: int | None, target: Path | None, **options: Any) -> None:
    """Say which part is lacking: replace each by the best that can be had, and measure.

    Ground truth is degraded as `vsrealbasicvsr evaluate` does. Clips are restored whole, on the CPU.
    """
    from training.data.writing import write_whole
    from training.diagnosis.order import Order, run

    def watch(rows: Iterable[ClipScores], total: int) -> Iterator[ClipScores]:
        with tqdm(total=total, unit=" rows", file=Stderr(), dynamic_ncols=True, leave=False) as bar:
            for row in rows:
                bar.set_postfix_str(f"{row.degradation}, {row.clip}: {row.cleaned_by}", refresh=False)
                bar.update()
                yield row

    require(target is None or not target.is_dir(), f"--json {target} is a folder: name a file.")
    order = Order(settings=Settings(refine=refine, max_passes=max_passes), **options)
    text, figures = run(order, watch)
    click.echo(text)
    if target:
        write_whole(target, (json.dumps(figures, indent=1) + "\n").encode())


@main.command()
@click.option("--data", type=_path, help="Frames to load; default: 1280x720 PNG texture, written for this.")
@click.option("--frames", default=30, show_default=True, type=click.IntRange(2), help="Of each low clip.")
@click.option("--low-size", default=64, show_default=True, type=click.IntRange(8), help="Side in pixels.")
@click.option("--batch", default=1, show_default=True, type=click.IntRange(1), help="Clips.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(0), help="Loader processes.")
@click.option("--iterations", default=5, show_default=True, type=click.IntRange(1), help="Timed ones.")
@click.option("--channels", default=16, show_default=True, type=click.IntRange(1), help="Compute-bound.")
@click.option("--blocks", default=4, show_default=True, type=click.IntRange(1), help="Compute-bound.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--json", "target", type=_path, help="Write the figures here as well.")
def benchmark(data: Path | None, device: str, target: Path | None, **case: int) -> None:
    """Time conventional, flip-only and stochastic training: the paper's Table 1 on this machine."""
    from training.processes import joined
    from training.tools.benchmark import Case, Row, as_json, find, footage, table_1

    rows: list[Row] = []
    click.echo("bound    scheme        s/clip  s/iteration  waiting")
    with TemporaryDirectory() as folder, joined(device) as processes:
        benchmark_case = Case(**case)
        clips = find(data or footage(Path(folder) / "frames", 2 * benchmark_case.frames), benchmark_case)
        for row in table_1(benchmark_case, clips, processes):
            rows.append(row)
            click.echo(
                f"{row.bound:8} {row.scheme:12} {row.sample:7.3f} {row.iteration:12.3f} {row.waiting:8.3f}"
            )
        figures = as_json(benchmark_case, rows, processes.device)
    if target:
        target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _with_sources(
    stage: Stage, folders: Mapping[str, tuple[Path, ...]], validation: Path | None = None
) -> Stage:
    """Replace the stage's sources by those that the command line names; keep the others."""
    named = {name: tuple(map(str, paths)) for name, paths in folders.items() if paths}
    validated = str(validation) if validation else stage.sources.validation
    return replace(stage, sources=replace(stage.sources, **named, validation=validated))
