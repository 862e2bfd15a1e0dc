"""The command group, and how errors and signals end it."""

from __future__ import annotations

import logging
from typing import IO, Any

import click
from tqdm import tqdm

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
from vsrealbasicvsr.cli.signals import INTERRUPTED, Terminated, signals_interrupt
from vsrealbasicvsr.cli.stderr import Stderr, say
from vsrealbasicvsr.errors import RestorationError


class _Failure(click.ClickException):
    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        say(f"vsrealbasicvsr: {self.format_message()}")


class _Lines(logging.Handler):
    """Warnings as lines on stderr, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(f"vsrealbasicvsr: {record.getMessage()}", file=Stderr())


class _Program(click.Group):
    """A group whose commands' errors become one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        lines = _Lines()
        logging.getLogger("vsrealbasicvsr").addHandler(lines)
        try:
            with signals_interrupt():
                return super().invoke(ctx)
        except RestorationError as error:
            raise _Failure(str(error)) from error
        except Terminated as ended:
            ctx.exit(ended.exit_code)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        finally:
            logging.getLogger("vsrealbasicvsr").removeHandler(lines)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
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
