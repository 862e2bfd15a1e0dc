"""The page as a text: well-formed, without a network, labelled, and readable in both themes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import vsrealbasicvsr
from tests.compare.contrast import contrast
from tests.compare.pages import data_of
from vsrealbasicvsr.compare.page import assemble

FOLDER = Path(vsrealbasicvsr.__file__).parent / "compare" / "web"
VOID = {"meta", "link", "input", "img", "br", "hr"}
CONTROLS = {"button", "input", "select"}
MOMENTS = [{"shown": [{}]}, {"shown": [{}]}]
PAGE = assemble("A & <B>", {"title": "A & <B>", "moments": MOMENTS, "sources": []}, [["QUJD"], ["REVG"]])
SCRIPT = "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.js")))


class Element:
    def __init__(self, tag: str, attributes: dict[str, str | None], parents: tuple[Element, ...]) -> None:
        self.tag, self.attributes, self.parents = tag, attributes, parents
        self.text = ""


class Reader(HTMLParser):
    """Elements with their parents and their text; tags that do not fit together fail."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Element] = []
        self.all: list[Element] = []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), self.get_starttag_text()
        element = Element(tag, dict(attrs), tuple(self.open))
        self.all.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, f"line {self.getpos()[0]}"

    def handle_data(self, data):
        for element in self.open:
            element.text += data


@pytest.fixture(scope="module")
def elements():
    reader = Reader()
    reader.feed(PAGE)
    reader.close()
    assert reader.open == []
    return reader.all


def test_tags_fit_together_and_names_are_unique(elements):
    names = [one.attributes["id"] for one in elements if "id" in one.attributes]
    assert len(set(names)) == len(names)
    assert next(one for one in elements if one.tag == "title").text == "A & <B>"
    assert next(one for one in elements if one.tag == "html").attributes["lang"] == "en"


def test_what_a_name_points_at_is_there(elements):
    names = {one.attributes.get("id") for one in elements}
    for one in elements:
        for attribute in ("aria-labelledby", "aria-describedby", "for"):
            assert set((one.attributes.get(attribute) or "").split()) <= names
    used = set(re.findall(r'\$\("([\w-]+)"\)', SCRIPT))
    assert used <= names


def test_every_control_has_a_label(elements):
    for one in elements:
        if one.tag not in CONTROLS and one.attributes.get("tabindex") != "0":
            continue
        label = one.attributes.get("aria-label") or (one.text if one.tag == "button" else "")
        around = [parent.text for parent in one.parents if parent.tag == "label"]
        assert label.strip() or any(text.strip() for text in around), one.attributes


def test_nothing_comes_from_a_network():
    assert not re.search(r"\b(?:https?|ftp|wss?):|url\(|@import|\bfetch\(|XMLHttpRequest|\bimport\(", PAGE)
    assert re.findall(r'(?:src|href)="([^"]*)"', PAGE) == ["data:,"]
    assert "default-src 'none'; img-src data:" in PAGE


def test_texts_cannot_end_the_script_or_fill_other_places():
    title = "</script><script>alert(1)</script> {{script}} \\1"
    page = assemble(title, {"title": title, "moments": MOMENTS}, [["QUJD"], ["REVG"]])
    assert data_of(page)["title"] == title
    assert page.count("<script") == PAGE.count("<script")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_texts_and_edges_stand_out(theme):
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    rule = next(
        rule for rule in re.findall(r":root[^{]*\{[^}]*\}", style) if f"color-scheme: {theme}" in rule
    )
    named = re.findall(r"--([\w-]+): #([0-9a-f]{6})", rule)
    colours = {name: tuple(bytes.fromhex(colour)) for name, colour in named}
    for ground in ("ground", "raised"):
        assert contrast(colours["text"], colours[ground]) >= 7
        assert contrast(colours["quiet"], colours[ground]) >= 4.5
        assert contrast(colours["edge"], colours[ground]) >= 3
        assert contrast(colours["accent"], colours[ground]) >= 3
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    lines = re.search(rf"{theme}: \[([^\]]*)\]", SCRIPT)
    assert lines
    for colour in re.findall(r"#([0-9a-f]{6})", lines[1]):
        assert contrast(bytes.fromhex(colour), colours["raised"]) >= 3
