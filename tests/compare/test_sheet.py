"""The sheet in a real Chromium: every source at once, moved and zoomed together, and reached one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.compare.browser import corner, drag, pixels_of
from tests.compare.pages import painted
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.stills import Still, Stills

MANY = 11


def picture(source: int, number: int) -> np.ndarray:
    """The first source is half the size of the others."""
    return painted(100 * source + number, *((64, 48) if source else (32, 24)))


def shown_at(source: int, number: int) -> np.ndarray:
    one = picture(source, number)
    return one if source else one.repeat(2, 0).repeat(2, 1)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    sources = [
        Stills(f"number {source}", tuple(Still(n, Fraction(n), picture(source, n)) for n in (3, 7)))
        for source in range(MANY)
    ]
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(compare(sources, Choices()).text, encoding="utf-8")
    return path


@pytest.fixture
def browser(chromium, page):
    chromium.resize(1280, 800)
    chromium.open(page)
    return chromium


def tile(browser, source: int, width: int = 64, height: int = 48, x: int = 0, y: int = 0) -> np.ndarray:
    """What a tile shows around its middle, above the caption."""
    at = corner(browser, f"layers[{source}].layer")
    caption = corner(browser, f"layers[{source}].name")
    # The middle of a tile with its gap, which is what the pictures are placed by.
    wide, high = browser.run("[tile.width, tile.height]")
    left, top = round(at["x"] + wide / 2 - width / 2) + x, round(at["y"] + high / 2 - height / 2) + y
    assert top + height <= caption["y"]
    return pixels_of(browser)[top : top + height, left : left + width]


def test_every_source_is_shown_with_its_label(browser):
    assert browser.run("view.mode") == "sheet"
    browser.press("o")
    for source in range(MANY):
        np.testing.assert_array_equal(tile(browser, source), shown_at(source, 3))
    browser.press("ArrowRight")
    np.testing.assert_array_equal(tile(browser, MANY - 1), shown_at(MANY - 1, 7))
    labels = browser.run("layers.map(({name}) => name.innerText)")
    assert labels == [f"{source + 1} number {source}" for source in range(MANY)]
    boxes = [corner(browser, f"layers[{source}].layer") for source in range(MANY)]
    stage = corner(browser, "stage")
    for place, one in enumerate(boxes):
        assert one["x"] >= stage["x"]
        assert one["x"] + one["width"] <= stage["x"] + stage["width"]
        assert one["y"] + one["height"] <= stage["y"] + stage["height"]
        for other in boxes[:place]:
            assert (
                one["x"] >= other["x"] + other["width"]
                or one["y"] >= other["y"] + other["height"]
                or other["x"] >= one["x"] + one["width"]
            )
    assert browser.run("$('status').textContent") == "Frame 7, 7.00 s: 11 sources (lossless)"
    assert browser.complaints == []


def test_tiles_move_and_zoom_together(browser):
    browser.press("o")
    at = corner(browser, "layers[6].layer")
    spot = at["x"] + 60, at["y"] + 60
    drag(browser, spot, (spot[0] + 9, spot[1] - 4))
    for source in (0, 6, 10):
        np.testing.assert_array_equal(tile(browser, source, x=9, y=-4), shown_at(source, 3))
    # About the mouse, which is on one tile, all of them are enlarged alike.
    browser.run("fit(); zoomTo(1)")
    inside = browser.run("[tile.width / 2 + 10, tile.height / 2 - 6]")
    x, y = at["x"] + inside[0], at["y"] + inside[1]
    before = [corner(browser, f"layers[{source}].image") for source in (6, 2)]
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400 * np.log(2))
    browser.settle()
    assert browser.run("view.zoom") == pytest.approx(2)
    for source, old in zip((6, 2), before, strict=True):
        new = corner(browser, f"layers[{source}].image")
        own = corner(browser, f"layers[{source}].layer")
        here = own["x"] + inside[0], own["y"] + inside[1]
        assert new["width"] == pytest.approx(2 * old["width"])
        assert here[0] - new["x"] == pytest.approx(2 * (here[0] - old["x"]), abs=1)
        assert here[1] - new["y"] == pytest.approx(2 * (here[1] - old["y"]), abs=1)


def test_a_tile_leads_to_its_source_and_back(browser):
    browser.run("layers[9].name.click()")
    assert browser.run("[view.mode, view.shown]") == ["flip", 9]
    assert browser.run("$('status').textContent").endswith("number 9 (lossless)")
    browser.press("a")
    assert browser.run("view.mode") == "sheet"


def test_the_lists_reach_sources_that_have_no_key(browser):
    browser.press("9")
    assert browser.run("[view.mode, view.shown]") == ["flip", 8]
    assert browser.run("$('flips').checkVisibility()") is False
    browser.run("$('shown').value = '10'; $('shown').dispatchEvent(new Event('change'))")
    browser.press("o")
    at = corner(browser, "stage")
    x, y = round(at["x"] + at["width"] / 2 - 32), round(at["y"] + at["height"] / 2 - 24)
    np.testing.assert_array_equal(pixels_of(browser)[y : y + 48, x : x + 64], shown_at(10, 3))
    browser.press(" ")
    assert browser.run("view.shown") == 0
    for side in ("left", "right"):
        assert browser.run(f"$('{side}').options.length") == MANY


def test_a_sheet_that_is_taller_than_a_phone_is_scrolled_until_one_zooms(browser):
    browser.resize(390, 400, mobile=True)
    browser.settle()
    assert browser.run("document.documentElement.scrollWidth") <= 390
    widths = browser.run("layers.map(({layer}) => layer.clientWidth)")
    assert min(widths) >= 120
    assert browser.run("stage.clientHeight > innerHeight")
    assert browser.run("getComputedStyle(stage).touchAction") != "none"
    at = corner(browser, "layers[0].layer")
    browser.mouse("mouseWheel", at["x"] + 20, 300, deltaX=0, deltaY=120)
    browser.settle()
    assert browser.run("view.zoom") is None
    browser.run("scrollTo(0, 0)")
    browser.touch([(200, 380)], [(200, 340)], [(200, 280)], [(200, 200)])
    assert browser.run("scrollY") > 100
    assert browser.run("view.zoom") is None
    browser.press("+")
    assert browser.run("getComputedStyle(stage).touchAction") == "none"
    browser.press("0")
    assert browser.run("getComputedStyle(stage).touchAction") != "none"
    assert browser.complaints == []
