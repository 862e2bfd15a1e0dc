"""`vsrealbasicvsr encode`: encode a VapourSynth script with ffmpeg; tags, pixel shape and durations stay."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

import click

from vsrealbasicvsr.terminal import say, signals_held

EXAMPLES = """\b
Examples:
  vsrealbasicvsr encode old.vpy -- -c:v libx265 -crf 18 restored.mkv
  vsrealbasicvsr encode old.vpy -- -i old.mkv -map 0:v -map 1:a -map '1:s?' -c:a copy restored.mkv
  vsrealbasicvsr encode -a source=old.mkv realbasicvsr.vpy -- -c:v ffv1 restored.mkv
"""


@click.command(epilog=EXAMPLES)
@click.argument("script", type=click.Path(path_type=Path))
@click.argument("arguments", metavar="-- <ffmpeg's arguments>", nargs=-1, type=click.UNPROCESSED)
@click.option("-o", "--output", default=0, show_default=True, help="Number of the script's output.")
@click.option(
    "-a",
    "--arg",
    "names",
    metavar="NAME=VALUE",
    multiple=True,
    help="Set a name in the script, as vspipe does.",
)
@click.option(
    "--ffmpeg", "program", metavar="PATH", help="The ffmpeg to use, instead of the one on the PATH."
)
@click.option(
    "--delay", default=0.0, metavar="SECONDS", help="When the clip's first frame comes, beside other inputs."
)
@click.option("--dry-run", is_flag=True, help="Print the command that would run.")
def encode(
    script: Path,
    arguments: tuple[str, ...],
    output: int,
    names: tuple[str, ...],
    delay: float,
    program: str | None,
    dry_run: bool,
) -> None:
    """Encode the clip of a VapourSynth script with ffmpeg.

    The clip is ffmpeg's first input; behind `--` stand its other inputs, maps, options and outputs. Matrix,
    primaries, transfer, range, chroma location, pixel shape, HDR10's metadata and the duration of each frame
    come from the frames' properties; vspipe's y4m would lose them.
    """
    wrong = next((name for name in names if "=" not in name), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not NAME=VALUE.", param_hint="--arg")
    # Set before torch loads. Threads that spin while they wait took twice as long beside other programs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with signals_held():
        from vsrealbasicvsr.errors import FFmpegFailedError
        from vsrealbasicvsr.ffmpeg.script.encode import encode_script
    try:
        sys.exit(
            encode_script(
                script,
                arguments,
                output=output,
                names=dict(name.split("=", 1) for name in names),
                delay=Fraction(delay).limit_denominator(1_000_000),
                ffmpeg=program,
                dry_run=dry_run,
            )
        )
    except FFmpegFailedError as error:
        say(f"vsrealbasicvsr: {error}")
        sys.exit(error.code)
