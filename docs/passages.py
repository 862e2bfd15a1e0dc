"""Passages of the repository's own documents inside pages, so that nothing is written twice.

A page says where one goes:

    ```{passage} README.md#overnight-jobs
    ```

With `#section` it is the text below that heading, with `#` alone what stands above the first section, with
neither the whole document without its title. Links in it are turned: to the page that holds their target,
else to a copy of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]
FOLDERS = {"examples": "examples.md", "training/recipes/default": "recipe.md"}
"""Pages that stand for folders."""

_PASSAGE = re.compile(r"^```\{passage\} ([^\s#]+)(#\S*)?\n```$", re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!https?:)([^\s()]+)\)")


class Heading(NamedTuple):
    """A heading of a Markdown document."""

    depth: int
    title: str
    start: int
    end: int


def headings(text: str) -> list[Heading]:
    """The headings of a text, without the comments of its code."""
    code = [match.span() for match in _FENCE.finditer(text)]
    found = (match for match in _HEADING.finditer(text) if not any(a < match.start() < b for a, b in code))
    return [Heading(len(match[1]), match[2], *match.span()) for match in found]


def slug(title: str) -> str:
    """A heading's anchor, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def passage(document: str, section: str | None) -> str:
    """The text of a section, of what stands above the first (""), or of a whole document (None).

    Raises:
        ExtensionError: there is no such section.
    """
    text = (ROOT / document).read_text(encoding="utf-8")
    found = headings(text)
    title, rest = found[0], found[1:]
    if section is None:
        return text[title.end :]
    if not section:
        return text[title.end : rest[0].start if rest else len(text)]
    for number, heading in enumerate(rest):
        if slug(heading.title) == section:
            ends = (later.start for later in rest[number + 1 :] if later.depth <= heading.depth)
            return text[heading.end : next(ends, len(text))]
    raise ExtensionError(f"{document} has no section {section!r}")


class Pages:
    """Which page holds which passage.

    Args:
        folder: the folder of the pages.
    """

    def __init__(self, folder: Path) -> None:
        self._places: dict[tuple[str, str | None], str] = {}
        for page in sorted(folder.rglob("*.md")):
            text = page.read_text(encoding="utf-8")
            for match in _PASSAGE.finditer(text):
                above = [heading for heading in headings(text) if heading.end < match.start()]
                anchor = f"#{slug(above[-1].title)}" if above[-1].depth > 1 else ""
                name = page.relative_to(folder).as_posix()
                self._places.setdefault((match[1], match[2] and match[2][1:]), f"/{name}{anchor}")

    def documents(self) -> Iterator[str]:
        """The documents of which there are passages."""
        yield from {document for document, _ in self._places}

    def turned(self, link: str, document: str, docname: str) -> str:
        """A link of a document as the page `docname` writes it.

        Raises:
            ExtensionError: no page holds its target, and there is no such file.
        """
        path, _, anchor = link.partition("#")
        target = Path(os.path.normpath(ROOT / Path(document).parent / path)) if path else ROOT / document
        name = target.relative_to(ROOT).as_posix()
        if (name, anchor) in self._places:
            return self._places[name, anchor]
        if (name, None) in self._places:
            return self._places[name, None] + (anchor and f"#{anchor}")
        if name == "README.md" and not anchor:
            return "/index.md"
        if name in FOLDERS:
            return f"/{FOLDERS[name]}"
        if target.is_file() and not anchor:
            return os.path.relpath(target, (ROOT / "docs" / docname).parent)
        raise ExtensionError(f"{document} links to {link}, which is on no page of the documentation")


def _assemble(app: Sphinx, docname: str, source: list[str]) -> None:
    pages = Pages(Path(app.srcdir))

    def insert(match: re.Match[str]) -> str:
        document, section = match[1], match[2] and match[2][1:]
        app.env.note_dependency(str(ROOT / document))
        text = passage(document, section)
        parts, at = [], 0
        for code in _FENCE.finditer(text):
            parts += [_turn(text[at : code.start()], pages, document, docname), code[0]]
            at = code.end()
        return "".join([*parts, _turn(text[at:], pages, document, docname)])

    source[0] = _PASSAGE.sub(insert, source[0])


def _turn(text: str, pages: Pages, document: str, docname: str) -> str:
    def turn(match: re.Match[str]) -> str:
        words = match[1] if match[1].startswith("!") else _turn(match[1], pages, document, docname)
        return f"{words}({pages.turned(match[2], document, docname)})"

    return _LINK.sub(turn, text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _assemble)
    return {"parallel_read_safe": True}
