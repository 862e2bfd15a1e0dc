"""`vsrealbasicvsr ffmpeg`: run an ffmpeg command line with `realbasicvsr` among its filters."""

from __future__ import annotations

import os
import sys

import click

from vsrealbasicvsr.cli import completion
from vsrealbasicvsr.errors import FFmpegFailedError, GraphError
from vsrealbasicvsr.terminal import say, signals_held

EXAMPLES = """\b
Examples:
  vsrealbasicvsr ffmpeg -i old.avi -vf realbasicvsr -c:a copy restored.mkv
  vsrealbasicvsr ffmpeg -i tape.mkv -vf bwdif,realbasicvsr=refine=3,scale=1440:1080 -crf 16 out.mkv
  vsrealbasicvsr ffmpeg -i a.mkv -i logo.png -filter_complex "[0:v]realbasicvsr[v];[v][1:v]overlay" out.mkv
  vsrealbasicvsr ffmpeg -vf realbasicvsr=help
"""
USAGE_ERROR = 2


@click.command(
    epilog=EXAMPLES,
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": ["--help"],
    },
)
@click.option(
    "--ffmpeg", "program", metavar="PATH", help="The ffmpeg to use, instead of the one on the PATH."
)
@click.option("--dry-run", is_flag=True, help="Print the commands that would run.")
@click.argument(
    "arguments",
    metavar="<ffmpeg's arguments>",
    nargs=-1,
    type=click.UNPROCESSED,
    shell_complete=completion.files,
)
def ffmpeg(program: str | None, dry_run: bool, arguments: tuple[str, ...]) -> None:
    """Run an ffmpeg command line in which realbasicvsr=... stands among the filters.

    Whatever ffmpeg accepts is accepted: -vf, -filter_complex, or a filter script; several inputs, outputs and
    maps. The filter's options are those of `vsrealbasicvsr restore`; realbasicvsr=help lists them. A command
    line without the filter is passed to ffmpeg as it is.
    """
    if not arguments:
        raise click.UsageError("an ffmpeg command line is missing.")
    # Set before torch loads. Threads that spin while they wait took twice as long beside other programs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with signals_held():
        from vsrealbasicvsr.engine.memory.allocator import freed_memory_kept
        from vsrealbasicvsr.ffmpeg.bridge import run_command
    try:
        with freed_memory_kept():
            sys.exit(run_command(arguments, ffmpeg=program, dry_run=dry_run))
    except GraphError as error:
        say(f"vsrealbasicvsr: {error}")
        sys.exit(USAGE_ERROR)
    except FFmpegFailedError as error:
        say(f"vsrealbasicvsr: {error}")
        sys.exit(error.code)
