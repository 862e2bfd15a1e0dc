"""`vsrealbasicvsr doctor`: a check of this machine, with advice on what to repair."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

EXAMPLES = """\b
Examples:
  vsrealbasicvsr doctor
  vsrealbasicvsr doctor --json > report.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of lines.")
def doctor(as_json: bool) -> None:
    """Check this machine: versions, devices, weights, memory, disk, VapourSynth's plugins, programs.

    Each line is ok, a note (it hinders only some work) or trouble, with what to do. Nothing is fetched or
    changed. Exit code 1: something is in trouble. Send the report along when you ask for help.
    """
    from vsrealbasicvsr.doctor.report import examine

    findings = []
    current_part = ""
    for part, finding in examine():
        findings.append({"part": part, **asdict(finding)})
        if as_json:
            continue
        if part != current_part:
            click.echo(click.style(part, bold=True))
            current_part = part
        click.echo(f"  {_STATES[finding.state]}  {finding.subject}: {finding.text}")
        if finding.advice:
            click.echo(f"           -> {finding.advice}")
    if as_json:
        click.echo(json.dumps(findings, indent=2))
    troubles = sum(finding["state"] == "trouble" for finding in findings)
    if not as_json:
        click.echo("no trouble" if not troubles else f"{troubles} in trouble: see the arrows")
    if troubles:
        sys.exit(1)


_STATES = {
    "ok": "ok     ",
    "note": click.style("note", fg="yellow") + "   ",
    "trouble": click.style("trouble", fg="red"),
}
