"""The command group `vsrealbasicvsr` with all commands."""

from __future__ import annotations

import click

from vsrealbasicvsr import __version__
from vsrealbasicvsr.cli.commands.bench import bench
from vsrealbasicvsr.cli.commands.compare import compare
from vsrealbasicvsr.cli.commands.doctor import doctor
from vsrealbasicvsr.cli.commands.encode import encode
from vsrealbasicvsr.cli.commands.evaluate import evaluate
from vsrealbasicvsr.cli.commands.ffmpeg import ffmpeg
from vsrealbasicvsr.cli.commands.job import job
from vsrealbasicvsr.cli.commands.plot import plot
from vsrealbasicvsr.cli.commands.plugins import plugins
from vsrealbasicvsr.cli.commands.restore import restore
from vsrealbasicvsr.cli.commands.weights import weights
from vsrealbasicvsr.terminal import Program


@click.group(cls=Program, logger="vsrealbasicvsr", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vsrealbasicvsr")
def main() -> None:
    """Restore old, noisy, compressed, small video to four times its size."""


main.add_command(restore)
main.add_command(job)
main.add_command(ffmpeg)
main.add_command(encode)
main.add_command(compare)
main.add_command(weights)
main.add_command(evaluate)
main.add_command(bench)
main.add_command(plot)
main.add_command(plugins)
main.add_command(doctor)
