"""What the pages quote is there: messages in the source, tests in the tests, examples in their folder."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import imageio_ffmpeg
import pytest
import vapoursynth as vs

from tests.docs.site import DOCS, ROOT
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings

OTHERS = "## From other programs"
GAP = "…"


def literals(package: str) -> Iterator[str]:
    """Every text of a package, with a gap for what is filled in."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else GAP for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%[\d.]*[sdf]", GAP, node.value)


def refusals() -> Iterator[str]:
    """The messages of the settings' own checks about a value in the wrong form."""
    for item in fields(Settings):
        if item.metadata["form"]:
            with pytest.raises(SettingsError) as refused:
                Settings.from_mapping({item.name: "wrong"})
            yield str(refused.value).replace("'wrong'", GAP)


LITERALS = "\0".join([*literals("vsrealbasicvsr"), *literals("training"), *refusals()])


def headings() -> list[str]:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").partition(OTHERS)[0]
    return re.findall(r"^### (.+)$", text, re.MULTILINE)


def is_message(message: str) -> bool:
    """Whether some text of the source is this message, with or without its full stop."""
    pattern = r"[^\0]+".join(map(re.escape, message.split(GAP)))
    return re.search(rf"(?:^|\0){pattern}[.:]?(?:\0|$)", LITERALS) is not None


@pytest.mark.parametrize("message", headings())
def test_the_program_says_what_is_quoted(message: str) -> None:
    assert is_message(message)


def test_a_message_that_is_not_in_the_source_would_be_noticed() -> None:
    assert is_message("there is no file …: check the name")
    assert not is_message("there is no file …: check the spelling")


def test_each_message_is_quoted_once() -> None:
    assert len(set(headings())) == len(headings()) > 70


def test_other_programs_say_what_is_quoted() -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").partition(OTHERS)[2]
    with pytest.raises(AttributeError) as missing:
        _ = vs.core.nosuchplugin
    message = str(missing.value).replace("nosuchplugin", "bs").partition(".")[0]
    assert f"### AttributeError: {message}" in text
    source = ("-f", "lavfi", "-i", "color", "-frames:v", "1")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *source, "-vf", "realbasicvsr", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    message = next(line for line in done.stderr.splitlines() if "No such filter" in line)
    assert f"### {message.rpartition('] ')[2]}" in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = next(name for name in project["dependencies"] if name.startswith("av>"))
    assert f"### ERROR: Could not find a version that satisfies the requirement {needed}\n" in text
    command = [sys.executable, "-I", "-S", "-c", "import vsrealbasicvsr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"### {done.stderr.splitlines()[-1].partition(': ')[2]}" in text


def test_every_promise_names_a_test_that_exists() -> None:
    text = (DOCS / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"^ *- `(tests/[\w/]+\.py)::(\w+)`$", text, re.MULTILINE)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
    for promise in re.findall(
        r"^\*\*.*?(?=^\*\*|^#|\Z)", text.partition("## What is not kept")[0], re.MULTILINE | re.DOTALL
    ):
        assert "- `tests/" in promise, f"no test holds this: {promise}"


def test_every_example_is_shown() -> None:
    shown = set(
        re.findall(r"\{literalinclude\} \.\./(\S+)", (DOCS / "examples.md").read_text(encoding="utf-8"))
    )
    scripts = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("examples/*")
        if path.suffix in (".vpy", ".sh")
    }
    assert scripts <= shown
    assert all(Path(ROOT, name).is_file() for name in shown)


def test_the_page_of_commands_has_all_of_them() -> None:
    text = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    listed = re.search(r"^   :commands: (.+)$", text, re.MULTILINE)
    assert listed is not None
    assert sorted(listed[1].split(", ")) == sorted(main.commands)
