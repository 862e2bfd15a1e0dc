"""The command group, and how errors and signals end it."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType
from typing import IO, Any

import click
from tqdm import tqdm

from vsrealbasicvsr import __version__
from vsrealbasicvsr.cli.restore import restore
from vsrealbasicvsr.cli.weights import weights
from vsrealbasicvsr.errors import RestorationError

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


class _Failure(click.ClickException):
    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"vsrealbasicvsr: {self.format_message()}", err=True)


class _Terminated(KeyboardInterrupt):
    """SIGTERM ends the work as Ctrl-C does."""


class _Lines(logging.Handler):
    """Warnings as lines on stderr, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(f"vsrealbasicvsr: {record.getMessage()}", file=sys.stderr)


class _Program(click.Group):
    """A group whose commands' errors become one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        lines = _Lines()
        logging.getLogger("vsrealbasicvsr").addHandler(lines)
        before = signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except RestorationError as error:
            raise _Failure(str(error)) from error
        except _Terminated:
            ctx.exit(TERMINATED)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        finally:
            signal.signal(signal.SIGTERM, before)
            logging.getLogger("vsrealbasicvsr").removeHandler(lines)


def _terminate(_: int, __: FrameType | None) -> None:
    raise _Terminated


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vsrealbasicvsr")
def main() -> None:
    """Restore old, noisy, compressed, small video to four times its size."""


main.add_command(restore)
main.add_command(weights)
