"""`vsrealbasicvsr restore`: restore one file into another."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import click

from vsrealbasicvsr.cli import completion
from vsrealbasicvsr.cli.commands.preview import preview_options, read_variants, show_preview, take_preview
from vsrealbasicvsr.cli.parameter_types import KeyValue, Rate, Size
from vsrealbasicvsr.cli.progress import show_progress
from vsrealbasicvsr.cli.repeat_command import Repeatable, counted
from vsrealbasicvsr.cli.setting_flags import settings_options
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.terminal import say, signals_held

FRAMES_LOST = 3
"""Exit code of a finished restoration that lacks source frames which could not be decoded."""


EXAMPLES = """\b
Examples:
  vsrealbasicvsr restore old.avi restored.mkv
  vsrealbasicvsr restore dvd.vob restored.mkv --scale 2 --encoder x265 --crf 18
  vsrealbasicvsr restore scans/ restored/ --rate 16
  vsrealbasicvsr restore old.avi restored.mkv --preview 6
  vsrealbasicvsr restore old.avi restored.mkv --grid refine=1.5,3,5,8 --grid strength=0.7,1
"""


@click.command(cls=Repeatable, epilog=EXAMPLES)
@click.argument("source", metavar="IN", shell_complete=completion.files)
@click.argument("target", metavar="OUT", shell_complete=completion.files)
@preview_options
@settings_options
@click.option(
    "--encoder",
    default="auto",
    show_default=True,
    help="x264, x265, svtav1, ffv1, prores, png, or any name FFmpeg knows; auto takes x264, for frames png.",
)
@click.option(
    "--crf",
    type=float,
    help="Quality of x264 (16 if not given), x265 (18) and svtav1 (22); lower is better and larger.",
)
@click.option(
    "--pixel-format",
    help="FFmpeg's name; yuv420p for TVs, phones and browsers, which do not all play the ten bits "
    "(yuv420p10le) that x264, x265 and svtav1 are given else.",
)
@click.option(
    "--encoder-option", "encoder_options", type=KeyValue(), multiple=True, help="Passed to the encoder."
)
@click.option("--size", type=Size(), help="Resize the restored frames to this.")
@click.option("--scale", type=float, help="Enlarge by this in all, instead of 4.")
@click.option(
    "--kernel",
    type=click.Choice(["spline36", "lanczos", "bicubic", "bilinear"]),
    default="spline36",
    show_default=True,
    help="Filter of --size and --scale.",
)
@click.option(
    "--light",
    type=click.Choice(["gamma", "linear"]),
    default="gamma",
    show_default=True,
    help="Light in which --size and --scale average.",
)
@click.option(
    "--deinterlace",
    type=click.Choice(["auto", "off", "frame", "field"]),
    default="auto",
    show_default=True,
    help="bwdif first: where flagged, never, one frame per frame, or one per field.",
)
@click.option("--rate", type=Rate(), help="Frame rate of an image sequence; 25 if not given.")
@click.option(
    "--segment-length",
    type=int,
    default=0,
    show_default=True,
    help="Frames that an interruption costs at most, up to the next window; 0 chooses by the picture's size.",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Processes that restore side by side, on the devices of --device in turn; 0 takes this one alone.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Restore on a Ray cluster whose machines share the disk; auto finds it, local starts one here.",
)
@click.option("--restart", is_flag=True, help="Discard what earlier runs have done, and begin anew.")
@click.option(
    "--join",
    "helping",
    is_flag=True,
    help="Help a process that makes the same OUT, on this machine or one that shares its disk.",
)
@click.option("--cuts-out", type=click.Path(path_type=Path), help="Write the scene cuts here.")
@click.option(
    "--figures", is_flag=True, help="Write cleaning passes and residue to OUT.csv, which compare plots."
)
@click.option("--strict", is_flag=True, help="Refuse what the output cannot hold instead of warning.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@click.option("--quiet", is_flag=True, help="Show errors only.")
@click.option(
    "--progress",
    type=click.Choice(["bar", "json"]),
    default="bar",
    show_default=True,
    help="A bar for people, or lines of JSON, one a frame, with workers one a second, on stderr; notes are "
    "plain lines between them.",
)
def restore(
    source: str,
    target: str,
    encoder: str,
    crf: float | None,
    pixel_format: str | None,
    encoder_options: tuple[tuple[str, str], ...],
    quiet: bool,
    progress: Literal["bar", "json"],
    restart: bool,
    helping: bool,
    workers: int,
    ray: str | None,
    **choices: Any,
) -> None:
    """Restore the video IN to OUT, four times the width and height.

    IN is any file FFmpeg reads, a folder of images, or a pattern such as frames/%06d.png. OUT is a .mkv,
    .mp4 or .mov file, or a folder or pattern for PNG frames. Sound, subtitles, chapters and metadata are
    carried over untouched.

    Whatever stops the work, the same command goes on with it: what is done is kept in OUT.parts until OUT
    is whole. `vsrealbasicvsr job status OUT` tells how far it is.

    With --preview, --preview-frames or --grid no film is made, but a page OUT.preview.html: a few frames as
    they will be in the film, beside those of IN.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 3 done, but frames of IN could not be decoded; 129, 130
    and 143 stopped by SIGHUP, Ctrl-C and SIGTERM.
    """
    if restart and helping:
        raise click.UsageError("--restart and --join exclude each other.")
    preview_request = take_preview(choices)
    if helping and preview_request:
        raise click.UsageError("--join helps to make OUT, which a preview does not: leave one of them out.")
    if helping and (workers or ray):
        raise click.UsageError("--join helps with this process alone; start it as often as you like.")
    for name, value in (("IN", source), ("OUT", target)):
        if value in ("", "-"):
            raise click.UsageError(f"{name} must be the name of a file or folder; pipes are not supported.")
    if source.lower().endswith((".vpy", ".py")):
        raise click.UsageError(f"{source} is a script: `vsrealbasicvsr encode` runs it.")
    try:
        settings = Settings.from_mapping({item.name: choices.pop(item.name) for item in fields(Settings)})
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    sides = read_variants(preview_request, settings) if preview_request else ()

    # Set before torch loads. Threads that spin while they wait took twice as long beside other programs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with signals_held():
        from vsrealbasicvsr.engine.memory.allocator import freed_memory_kept
        from vsrealbasicvsr.job import Delivery, restore_file
        from vsrealbasicvsr.video.write.encoders import Encoding

    encoding = Encoding(encoder=encoder, crf=crf, pixel_format=pixel_format, options=encoder_options)
    delivery = Delivery(encoding=encoding, **choices)
    logging.getLogger("vsrealbasicvsr").setLevel(logging.ERROR if quiet else logging.WARNING)
    # Keeping freed memory takes more memory, so a process with a limit does not do it.
    memory_policy = freed_memory_kept() if settings.memory == "auto" else nullcontext()
    if preview_request:
        how: Literal["bar", "json", "none"] = "none" if quiet else progress
        with memory_policy:
            show_preview(Path(source), Path(target), sides, delivery, preview_request, how)
        return
    with (
        memory_policy,
        show_progress("none" if quiet else progress, settings.window or Settings().window) as on_progress,
    ):
        report = restore_file(
            source,
            target,
            settings,
            delivery=delivery,
            on_progress=on_progress,
            restart=restart,
            helping=helping,
            workers=workers,
            ray=ray,
        )
    if helping and not quiet:
        say(f"{report.target}: {report.frames} frames more are done; the process that was first joins them")
    elif not quiet:
        before = f", {report.resumed} of them by earlier runs" if report.resumed else ""
        say(
            f"{report.target}: {counted(report.frames, 'frame')} in {report.seconds:.1f} s{before}, "
            f"{counted(len(report.cuts), 'cut')}, {report.mean_passes:.2f} cleaning passes a frame"
        )
    if report.lost:
        say(f"vsrealbasicvsr: {report.lost} frames of {source} could not be decoded and are missing.")
        sys.exit(FRAMES_LOST)
