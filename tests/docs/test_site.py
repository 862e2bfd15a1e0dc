"""The documentation builds without a warning, its links lead somewhere, its pages read well in a chromium."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.compare.browser import Browser
from tests.docs.site import DOCS, ROOT, Page, Site, build

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; some 15 seconds on a quiet core."""
    target = tmp_path_factory.mktemp("site")
    done = build(target)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return target


@pytest.fixture(scope="module")
def site(folder: Path) -> Site:
    return Site(folder)


def test_every_page_is_built(site: Site, folder: Path) -> None:
    sources = {
        path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md") if "_build" not in path.parts
    }
    assert sources <= {path.relative_to(folder).with_suffix("") for path in site.pages}


def test_links_and_anchors_inside_lead_somewhere(site: Site) -> None:
    assert site.broken() == []


def test_a_broken_link_and_a_broken_anchor_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#here"> <a href="b.html#gone"> <a href="c.html">')
    (tmp_path / "b.html").write_text('<p id="here">')
    assert Site(tmp_path).broken() == ["a.html: b.html#gone", "a.html: c.html"]


def test_links_outside_are_https(site: Site) -> None:
    """Their form only: tests have no network. `make linkcheck` asks them."""
    wrong = [
        target
        for target in site.outside()
        if urlsplit(target).scheme != "https" or not urlsplit(target).netloc
    ]
    assert wrong == []


def test_every_picture_is_described(site: Site) -> None:
    assert [page.unnamed_pictures for page in site.pages.values() if page.unnamed_pictures] == []
    for drawing in (DOCS / "drawings").glob("*.svg"):
        anchors = Page(drawing).anchors
        assert anchors == {f"{drawing.stem}-title", f"{drawing.stem}-desc"}
        assert f'aria-labelledby="{drawing.stem}-title {drawing.stem}-desc"' in drawing.read_text(
            encoding="utf-8"
        )


def test_pictures_stay_small() -> None:
    pictures = [*(DOCS / "pictures").iterdir(), *(DOCS / "drawings").iterdir()]
    assert sum(path.stat().st_size for path in pictures) < 1_000_000


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_complains_or_is_wider_than_its_window(chromium: Browser, site: Site, width: int) -> None:
    chromium.resize(width, 844, mobile=width < 500)
    for path in site.pages:
        chromium.open(path)
        while chromium.run("location.pathname") != path.as_posix():
            pass
        assert chromium.complaints == [], path.name
        assert chromium.run("document.documentElement.scrollWidth") <= width, path.name


def test_a_page_that_is_too_wide_or_complains_would_be_noticed(chromium: Browser, tmp_path: Path) -> None:
    wide = '<meta name="viewport" content="width=device-width"><p style="width: 500px">wide</p>'
    (tmp_path / "wide.html").write_text(f"{wide}<script>console.error('oh')</script>", encoding="utf-8")
    chromium.resize(390, 844, mobile=True)
    chromium.open(tmp_path / "wide.html")
    assert chromium.run("document.documentElement.scrollWidth") > 390
    assert len(chromium.complaints) == 1


def test_the_site_stays_out_of_git() -> None:
    done = subprocess.run(["git", "check-ignore", "-q", "docs/_build/html/index.html"], cwd=ROOT, check=False)
    assert done.returncode == 0
