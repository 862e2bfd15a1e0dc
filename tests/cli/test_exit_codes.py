"""Every command ends with 2 for wrong usage and with 1 for what cannot be done, and says why in one line."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from vsrealbasicvsr.cli import main

IMPOSSIBLE = {
    "restore": "absent.mkv out.mkv --device cpu --quiet",
    "job status": "out.mkv",
    "job verify": "out.mkv",
    "job clean": "out.mkv --yes",
    "job plan": "absent.mkv --rate 5",
    "ffmpeg": "--ffmpeg no-such-program -i absent.mkv -vf realbasicvsr out.mkv",
    "encode": "absent.vpy -- out.mkv",
    "weights fetch": "no-such-weights",
    "weights verify": "absent.pth",
    "weights convert": "absent.pth out.safetensors",
    "weights path": "no-such-weights",
    "evaluate": "absent.mkv --metrics psnr-y --device cpu --quiet",
    "bench": "--history . --plot out.svg",
    "plot": "out.mkv -o out.svg",
    "compare": "absent.mkv file -o out.html",
    "plugins copy": "file",
}
NEVER_IMPOSSIBLE = {"weights list", "plugins list", "doctor"}
"""Two have nothing to fail at; `doctor` prints more than a line, and has tests of its own."""


def leaves(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def run(words: str) -> Result:
    return CliRunner().invoke(main, shlex.split(words))


def test_every_command_is_held_to_it() -> None:
    assert set(leaves(main)) == IMPOSSIBLE.keys() | NEVER_IMPOSSIBLE


@pytest.mark.parametrize("command", [*leaves(main), "job", "weights", "plugins", ""])
def test_wrong_usage_ends_with_2(command: str) -> None:
    # Whatever follows `ffmpeg` is ffmpeg's; nothing at all is wrong usage.
    result = run("ffmpeg" if command == "ffmpeg" else f"{command} --no-such-option")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    "words",
    ["restore a b --window x", "restore a b --device gpu", "restore - b", "bench --device gpu",
     "bench --size 0x5", "evaluate a --metrics x", "evaluate a --plot x.png", "job plan", "encode -a x a.vpy",
     "plot a", "compare a -o b.html", "restore a b --grid x=1", "restore a.vpy b", "no-such-command"],
)  # fmt: skip
def test_wrong_values_are_wrong_usage(words: str) -> None:
    result = run(words)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("command", IMPOSSIBLE)
def test_what_cannot_be_done_ends_with_1_and_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache"))
    Path("file").touch()
    result = run(f"{command} {IMPOSSIBLE[command]}")
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.startswith("vsrealbasicvsr: ")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.glob("out*"))


def test_the_module_is_the_command() -> None:
    words = [sys.executable, "-m", "vsrealbasicvsr"]
    done = subprocess.run([*words, "no-such-command"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: vsrealbasicvsr ")
    assert subprocess.run([*words, "--version"], check=False, stdout=subprocess.DEVNULL).returncode == 0
