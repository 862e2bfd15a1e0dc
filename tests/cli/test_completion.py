"""What shells are offered, by click's own protocol in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vsrealbasicvsr.weights import KNOWN

PAGE = Path(__file__).parents[2] / "docs" / "terminal.md"
START = (
    "import atexit, sys; from vsrealbasicvsr.cli import main\n"
    "atexit.register(lambda: sys.stderr.write(' '.join({'torch', 'av', 'numpy'} & set(sys.modules))))\n"
    "main(prog_name='vsrealbasicvsr')"
)


def ask(instruction: str, line: str = "", number: int | None = None) -> list[str]:
    """Lines that click answers; loading nothing heavy for them.

    Args:
        instruction: as bash_source or bash_complete.
        line: words of the command line.
        number: of the word that is completed; the last one.
    """
    words = line.split(" ")
    told = {
        "_VSREALBASICVSR_COMPLETE": instruction,
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1 if number is None else number),
    }
    done = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, env={**os.environ, **told}, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_commands_are_completed() -> None:
    assert ask("bash_complete", "vsrealbasicvsr do") == ["plain,doctor"]
    assert ask("bash_complete", "vsrealbasicvsr job st") == ["plain,status"]


@pytest.mark.parametrize("words", ["restore --model real", "weights fetch real", "weights path real"])
def test_names_of_weights_are_completed(words: str) -> None:
    names = [f"plain,{known.name}" for known in KNOWN if known.name.startswith("real")]
    assert ask("bash_complete", f"vsrealbasicvsr {words}") == names
    assert len(names) == 2


def test_zsh_is_told_what_weights_are() -> None:
    assert ask("zsh_complete", "vsrealbasicvsr restore --model bund") == [
        "plain", "bundled", KNOWN[0].description
    ]  # fmt: skip


def test_devices_are_completed_also_in_lists() -> None:
    found = ask("bash_complete", "vsrealbasicvsr restore --device c")
    assert found[:2] == ["plain,cpu", "plain,cuda"]
    assert len(found) - 2 == len(list(Path("/dev").glob("nvidia[0-9]*")))
    assert "plain,cpu,cuda" in ask("bash_complete", "vsrealbasicvsr restore --device cpu,c")


@pytest.mark.parametrize("words", ["restore ol", "restore old.mp4 ne", "restore --model old", "ffmpeg -i ol"])
def test_files_are_left_to_the_shell(words: str) -> None:
    assert ask("bash_complete", f"vsrealbasicvsr {words}") == [f"file,{words.split()[-1]}"]


def test_choices_are_completed() -> None:
    assert ask("bash_complete", "vsrealbasicvsr restore --precision f") == ["plain,fp32", "plain,fp16"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_own_script_is_printed(shell: str) -> None:
    script = "\n".join(ask(f"{shell}_source"))
    assert f"_VSREALBASICVSR_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:  # its own parser, where it is installed
        subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_the_documented_line_completes_in_a_real_bash(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed: click's protocol alone was tried")
    (line,) = (line for line in PAGE.read_text(encoding="utf-8").splitlines() if "=bash_source" in line)
    program = tmp_path / "vsrealbasicvsr"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vsrealbasicvsr.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        f"{line}\nset -- $(complete -p vsrealbasicvsr)\n"
        "COMP_WORDS=(vsrealbasicvsr weights fetch realbasicvsr-x4-); COMP_CWORD=3\n"
        '"${@: -2:1}" vsrealbasicvsr; echo "${COMPREPLY[@]}"\n'
    )
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert (done.stdout, done.stderr) == ("realbasicvsr-x4-fidelity\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_documented_line_for_each_shell(shell: str) -> None:
    line = f"_VSREALBASICVSR_COMPLETE={shell}_source vsrealbasicvsr"
    assert PAGE.read_text(encoding="utf-8").count(line) == 1
