"""The built site, as a reader's browser has it: pages, their anchors, what they link to."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def build(target: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` runs."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "-n", "--keep-going", "-q", DOCS, target]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


class Page(HTMLParser):
    """One page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.unnamed_pictures: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        self.targets += [named[name] for name in ("href", "src") if named.get(name)]
        if tag == "img" and not named.get("alt"):
            self.unnamed_pictures.append(named.get("src", ""))


class Site:
    """All pages."""

    def __init__(self, folder: Path) -> None:
        self.pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}

    def broken(self) -> list[str]:
        """Links inside the site that lead nowhere."""
        return [
            f"{path.name}: {target}"
            for path, page in self.pages.items()
            for target in page.targets
            if not urlsplit(target).scheme and not self._is_there(path, target)
        ]

    def outside(self) -> set[str]:
        """Addresses outside the site."""
        targets = {target for page in self.pages.values() for target in page.targets}
        return {target for target in targets if urlsplit(target).scheme not in ("", "data")}

    def _is_there(self, page: Path, target: str) -> bool:
        parts = urlsplit(target)
        path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not path.is_file():
            return False
        return (
            not parts.fragment
            or path.suffix != ".html"
            or unquote(parts.fragment) in self.pages[path].anchors
        )
