"""What stands beside the code for people and hosts: the citation, the forms for issues and pull requests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import vsrealbasicvsr
from tests.test_readme import check_command

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
ANSWERED = {"input", "textarea", "dropdown", "checkboxes"}


def read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    assert "&" not in text, "hosts read no YAML anchors"
    return yaml.safe_load(text)


def test_the_citation_has_what_the_format_1_2_0_requires() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert citation["license"] == "Apache-2.0"
    assert citation["version"] == vsrealbasicvsr.__version__
    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= paper.keys()
    assert [author["family-names"] for author in paper["authors"]] == ["Chan", "Zhou", "Xu", "Loy"]
    for author in (*citation["authors"], *paper["authors"]):
        assert author.keys() in ({"name"}, {"family-names", "given-names"})
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert paper["title"] in notice


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path: Path) -> None:
    form = read(path)
    assert all(isinstance(form[key], str) and form[key] for key in ("name", "description"))
    questions = [item for item in form["body"] if item["type"] != "markdown"]
    assert questions
    assert {item["type"] for item in questions} <= ANSWERED
    assert all(item["attributes"]["label"] for item in questions)
    names = [item["id"] for item in questions]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_the_commands_in_a_form_are_ours(path: Path) -> None:
    for command in re.findall(r"`(vsrealbasicvsr [^`]+)`", path.read_text(encoding="utf-8")):
        check_command(shlex.split(command))


def test_who_reports_a_bug_is_asked_for_the_doctors_report() -> None:
    (asked,) = (
        item for item in read(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"] if item.get("id") == "doctor"
    )
    assert "vsrealbasicvsr doctor --json" in asked["attributes"]["label"]
    assert asked["validations"]["required"]


def test_what_the_forms_name_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in (*FORMS, GITHUB / "pull_request_template.md"):
        text = path.read_text(encoding="utf-8")
        for document in re.findall(r"(?<![\w/])(?:docs/)?[\w-]+\.md\b", text):
            assert (ROOT / document).is_file(), f"{path.name}: {document}"
        for target in re.findall(r"`make (\w+)`", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{path.name}: make {target}"
