"""`vsrealbasicvsr job`: show, verify, discard or plan a restoration."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsrealbasicvsr.cli.commands.plan import plan
from vsrealbasicvsr.cli.repeat_command import counted
from vsrealbasicvsr.terminal import say

if TYPE_CHECKING:
    from vsrealbasicvsr.job.status import Status

_LISTED = 20

EXAMPLES = """\b
Examples:
  vsrealbasicvsr job status restored.mkv
  vsrealbasicvsr job verify restored.mkv
  vsrealbasicvsr job clean restored.mkv
  vsrealbasicvsr job plan old.mkv --rate 5
"""


@click.group(epilog=EXAMPLES)
def job() -> None:
    """Look after the restoration that makes OUT, or plan one.

    `vsrealbasicvsr restore IN OUT` keeps what is done in OUT.parts until OUT is whole.
    """


job.add_command(plan)


@job.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help=f"List all segments, not the last {_LISTED}.")
def status(target: Path, everything: bool) -> None:
    """Show segments, frames, speed, time left, cleaning passes and failures.

    Speed is that of the last run, of all who take part; time left is told while one runs.
    """
    from vsrealbasicvsr.job.status import is_over, read_status

    if is_over(target):
        click.echo(f"{target} is there, and no job that makes it is left")
        return
    job_status = read_status(target)
    listed = job_status.done if everything else job_status.done[-_LISTED:]
    if len(listed) < len(job_status.done):
        click.echo(f"{counted(len(job_status.done) - len(listed), 'segment')} before these; --all lists them")
    if listed:
        click.echo(f"{'frames':>17}  {'passes':>6}  {'frames/s':>8}  {'MB':>8}  made by")
    for done in listed:
        passes = sum(done.passes) / done.segment.frames
        rate = done.segment.frames / done.seconds if done.seconds else 0.0
        frames = f"{done.start}-{done.stop - 1}"
        click.echo(f"{frames:>17}  {passes:6.2f}  {rate:8.2f}  {done.bytes / 1e6:8.2f}  {done.worker}")
    for failure in job_status.failures:
        click.echo(f"failed: the segment from frame {failure.start}: {failure.error}")
    click.echo(_summary(job_status))


@job.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
def verify(target: Path) -> None:
    """Read all that is kept, and compare it with what was written.

    Exit code 1: something is damaged. The next run of the same `restore` makes it again.
    """
    from vsrealbasicvsr.job.status import find_damage

    count, damage = find_damage(target)
    for reason in damage:
        click.echo(reason)
    click.echo(f"{count - len(damage)} of {counted(count, 'segment')} whole")
    if damage:
        sys.exit(1)


@job.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(target: Path, yes: bool) -> None:
    """Discard what is kept of an unfinished restoration; OUT itself is not touched."""
    from vsrealbasicvsr.job.status import discard, read_status

    if not yes:
        click.confirm(f"Discard {read_status(target).frames} restored frames?", abort=True)
    say(f"discarded: {counted(discard(target), 'restored frame')}")


def _summary(job_status: Status) -> str:
    state = "running" if job_status.running else "joined, lacks its name" if job_status.joined else "stopped"
    total = f" of {job_status.total}" if job_status.total else ""
    words = [
        f"{job_status.folder}: {state}",
        f"{job_status.frames}{total} frames in {counted(len(job_status.done), 'segment')}",
    ]
    if job_status.done:
        words.append(f"{job_status.mean_passes:.2f} cleaning passes a frame")
    if job_status.rate:
        words.append(f"{job_status.rate:.2f} frames/s")
        if job_status.running and job_status.total:
            left = round((job_status.total - job_status.frames) / job_status.rate)
            words.append(f"{timedelta(seconds=max(left, 0))} left")
    if job_status.running:
        words.append("whole segments alone are counted")
    return ", ".join(words)
