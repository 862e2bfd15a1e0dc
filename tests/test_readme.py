"""The README and all other documents say what is true: their commands, links and Python blocks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import click
import pytest

from tests.ffmpeg.programs import with_ffmpeg_on_the_path
from training.cli import main as training
from training.configuration import SHIPPED
from vsrealbasicvsr.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "training/README.md",
    "training/SCALING.md",
    "training/recipes/default/README.md",
    "vsrealbasicvsr/weights/MODEL_CARD.md",
    "benchmarks/README.md",
    *(
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "docs").glob("**/[a-z]*.md"))
        if "_build" not in path.parts
    ),
)
LARGEST = {"README.md": 6_000, "ARCHITECTURE.md": 8_000}
"""Bytes: a README is read on one screen and a half, an ARCHITECTURE on one page."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language in the README."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> Iterator[list[str]]:
    """Every call of our commands in the documents, in code blocks and within lines, as words."""
    ours = r"vsrealbasicvsr|python -m training|torchrun [^`\n]*-m training"
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        spans = re.findall(rf"`((?:{ours}) [^`\n]+)`", text)
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            spans += re.findall(rf"^(?:\$ )?((?:{ours}) .*)$", block.replace("\\\n", " "), re.MULTILINE)
        for span in spans:
            yield shlex.split(re.sub(r"^.*-m training", "training", span), comments=True)


def check_command(words: list[str]) -> None:
    """Resolve sub-commands, then let click parse the options without running anything."""
    command: click.Command = training if words[0] == "training" else main
    context = click.Context(command, info_name=words[0])
    rest = words[1:]
    if command is training and rest[0] not in training.commands:
        rest = ["run", *rest]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]!r} in {shlex.join(words)!r}"
        command, rest = found, rest[1:]
        context = click.Context(command, context, info_name=words[0], **command.context_settings)
    values, _, _ = command.make_parser(context).parse_args(rest)
    for name in filter(
        lambda word: word.endswith(".toml") and "/" not in word, rest if command.name == "run" else []
    ):
        assert name == "mine.toml" or (SHIPPED / name).is_file(), name
    for parameter in command.params:
        value = values.get(parameter.name or "")
        if isinstance(parameter.type, click.Choice) and isinstance(value, str):
            parameter.type.convert(value, parameter, context)


@pytest.mark.parametrize("words", list(commands()), ids=shlex.join)
def test_commands_parse(words: list[str]) -> None:
    check_command(words)


def test_a_misspelt_flag_would_be_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        check_command(["vsrealbasicvsr", "weights", "list", "--quick"])
    with pytest.raises(click.NoSuchOption):
        check_command(["training", "stage1.toml", "--quick"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_local_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not ((ROOT / document).parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_figure_is_left_to_be_filled_in(document: str) -> None:
    assert re.findall(r"\{\{\w*\}\}", (ROOT / document).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("document", LARGEST)
def test_a_first_page_stays_short(document: str) -> None:
    assert (ROOT / document).stat().st_size < LARGEST[document]


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{document}: make {target}"


def test_the_python_blocks_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffmpeg: Callable[..., None]
) -> None:
    monkeypatch.chdir(tmp_path)
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    sound = ("-f", "lavfi", "-i", "sine=d=0.125", "-c:a", "aac")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x24:r=24:d=0.125", *sound, "-c:v", "libx264", "old.mp4")
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), {})
    with av.open("by-python.mkv") as container:
        assert [(f.width, f.height) for f in container.decode(video=0)] == [(128, 96)] * 3
