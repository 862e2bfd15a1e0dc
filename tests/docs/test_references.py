"""What the repository refers to is there: sections of documents, and names of the package."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.site import DOCS, ROOT
from tests.test_readme import DOCUMENTS

SPECIFICATION = DOCS / "specification.md"
NUMBERS = r"\d+(?:\.\d+)*(?:(?:, | and |-)\d+(?:\.\d+)*)*"
CITED = re.compile(rf"\b[Ss]pecification(?:\.md)?(?:,\s+sections?)?\s+(?P<numbers>{NUMBERS})")
HEADING = re.compile(r'(?P<document>[\w/.-]+\.md), "(?P<heading>[^"\n]+)"')
UNPUBLISHED = re.compile(r"\b(?:SPEC|DESIGN|DATA)(?:\.md\b|(?: section)? \d)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?<=`)vsrealbasicvsr(?:\.[A-Za-z_]\w*)+")


def texts() -> Iterator[tuple[str, str]]:
    """Every text file that git knows or would take, by its name in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in sorted(filter(None, listed.split("\0"))):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json"} and path.is_file() and path != Path(__file__):
            yield name, path.read_text(encoding="utf-8")


TEXTS = dict(texts())


def headings(path: Path) -> list[str]:
    """The headings of a Markdown document."""
    return re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)


def sections(text: str) -> set[str]:
    """The numbers of a text's headings, and of numbered items as SECTION.ITEM."""
    found, section = set(), ""
    for line in text.splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)*)", line):
            section = heading[1]
            found.add(section)
        elif item := re.match(r"(\d+)\. ", line):
            found.add(f"{section}.{item[1]}")
    return found


def cited(text: str) -> set[str]:
    """The sections of the specification that a text cites."""
    return {number for match in CITED.finditer(text) for number in re.findall(r"[\d.]+", match["numbers"])}


def test_every_cited_section_of_the_specification_is_there() -> None:
    there = sections(SPECIFICATION.read_text(encoding="utf-8"))
    missing = {name: gone for name, text in TEXTS.items() if (gone := cited(text) - there)}
    assert missing == {}
    assert sum(bool(cited(text)) for text in TEXTS.values()) > 30


def test_every_cited_heading_is_there() -> None:
    for name, text in TEXTS.items():
        for match in HEADING.finditer(text):
            document = ROOT / match["document"]
            assert document.is_file(), f"{name}: {match[0]}"
            assert match["heading"] in headings(document), f"{name}: {match[0]}"


def test_nothing_unpublished_is_cited() -> None:
    assert {name: found for name, text in TEXTS.items() if (found := UNPUBLISHED.findall(text))} == {}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(specification, section 6.3)", {"6.3"}),
        ("(specification 7.3-7.5)", {"7.3", "7.5"}),
        ("golden `walk`, specification, sections 7.4, 8 and 12", {"7.4", "8", "12"}),
        ("docs/specification.md, sections 5 and 6.1", {"5", "6.1"}),
        ("(specification 6.1, 6.2)", {"6.1", "6.2"}),
        ("the specification, in section 6", set()),
    ],
)
def test_citations_are_read(text: str, numbers: set[str]) -> None:
    assert cited(text) == numbers


def test_a_section_that_is_not_there_would_be_noticed() -> None:
    assert sections("# Title\n## 3. Passes\n1. Clean\n### 3.2 Stop\n") == {"3", "3.1", "3.2"}
    assert not cited("specification, section 6.9") <= sections(SPECIFICATION.read_text(encoding="utf-8"))


def names(text: str) -> set[str]:
    """The dotted names of the package in inline code, and what Python blocks import of it."""
    found = set(NAME.findall(FENCE.sub("", text)))
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    inline = re.findall(r"`from (vsrealbasicvsr[\w.]*) import (\w+(?:, \w+)*)`", text)
    found |= {f"{module}.{name}" for module, listed in inline for name in listed.split(", ")}
    return {name for name in found if name.startswith("vsrealbasicvsr")}


def resolve(name: str) -> object:
    """The module, or what it holds, of this dotted name.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module has no such name.
    """
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            continue
        return reduce(getattr, parts[count:], module)
    raise ModuleNotFoundError(name=name)


NAMES = sorted({name for document in DOCUMENTS for name in names((ROOT / document).read_text("utf-8"))})


@pytest.mark.parametrize("name", NAMES)
def test_every_name_in_a_document_can_be_imported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without this module vs-jetpack gives `__main__` a file that does not exist. Processes that a worker of
    # pytest-xdist spawns later would look for it.
    monkeypatch.setitem(sys.modules, "__vapoursynth__", ModuleType("__vapoursynth__"))
    resolve(name)


def test_names_are_found_and_a_wrong_one_would_be_noticed() -> None:
    inline = "`vsrealbasicvsr.job` and `vsrealbasicvsr.ffmpeg.run(graph)`"
    text = f"{inline}\n```python\nfrom vsrealbasicvsr import restore\n```\n"
    assert names(text) == {"vsrealbasicvsr.job", "vsrealbasicvsr.ffmpeg.run", "vsrealbasicvsr.restore"}
    with pytest.raises(AttributeError):
        resolve("vsrealbasicvsr.job.Nothing")
    with pytest.raises(ImportError):
        resolve("vsrealbasicvsr_gone.job")
