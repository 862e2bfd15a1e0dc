"""The manual page: well-formed, and with every command and option in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vsrealbasicvsr.cli import main
from vsrealbasicvsr.cli.man import page

REQUESTS = {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I", ".BR", ".EX", ".EE"}


def all_commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    for inner, command in group.commands.items():
        yield f"{name} {inner}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name} {inner}")


def test_it_is_made_of_requests_that_every_reader_knows() -> None:
    lines = page(main, "vsrealbasicvsr").splitlines()
    assert lines[0].startswith('.TH VSREALBASICVSR 1 "" ')
    assert {line.split(" ")[0] for line in lines if line.startswith((".", "'"))} <= REQUESTS
    sections = [line.removeprefix(".SH ") for line in lines if line.startswith(".SH ")]
    assert sections[:4] == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS"]
    blocks = [line for line in lines if line in (".EX", ".EE")]
    assert blocks == [".EX", ".EE"] * (len(blocks) // 2)
    escapes = re.findall(r"\\(?:\(..|.)", "\n".join(lines))
    assert set(escapes) <= {r"\e", r"\-", r"\&", r"\(ga", r"\(aq", r"\(ha", r"\(ti", r"\(dq"}


def test_lines_that_begin_like_requests_stay_text() -> None:
    group = click.Group(help="A program.")
    group.add_command(click.Command("run", help="Writes\n.mkv files,\n'as' a\\b ~ ^."))
    lines = page(group, "program").splitlines()
    assert r"\&.mkv files," in lines
    assert r"\&\(aqas\(aq a\eb \(ti \(ha." in lines


def test_groff_shows_every_command_and_option_without_a_warning(tmp_path: Path) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed: the page's structure alone was checked")
    written = tmp_path / "vsrealbasicvsr.1"
    written.write_text(page(main, "vsrealbasicvsr"), encoding="utf-8")
    command = [groff, "-man", "-Tascii", "-P-cbou", "-rLL=200n", "-ww", "-z", str(written)]
    warned = subprocess.run(command, capture_output=True, text=True, check=True)
    assert warned.stderr == ""
    command.remove("-z")
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, found in all_commands(main, "vsrealbasicvsr"):
        head = rf"^   {re.escape(name)} \[OPTIONS\].*"
        (section,) = re.findall(rf"{head}\n((?:.*\n)*?)(?= {{0,3}}\S|\Z)", shown, re.MULTILINE)
        for parameter in found.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(option in section for option in parameter.opts), (name, parameter.opts)
    assert "vsrealbasicvsr restore old.avi restored.mkv" in shown
