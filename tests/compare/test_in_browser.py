"""The page in a real Chromium, as a person uses it."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.compare.browser import Browser, find_chromium
from tests.compare.pages import folder, painted
from vsrealbasicvsr.compare.comparison import Choices, compare

PROGRAM = find_chromium()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here; CHROMIUM=PATH names one")
FIRST = [painted(number, 64, 48) for number in range(3)]
SECOND = [painted(number + 50, 128, 96) for number in range(3)]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    at = tmp_path_factory.mktemp("page")
    sources = [folder(at / "a", FIRST), folder(at / "b", SECOND)]
    (at / "page.html").write_text(compare(sources, Choices()).text, encoding="utf-8")
    return at / "page.html"


@pytest.fixture
def browser(page, tmp_path):
    made = Browser(PROGRAM, tmp_path / "profile", 1280, 1000)
    made.open(page)
    yield made
    made.close()


def look(browser) -> tuple[np.ndarray, dict]:
    """The window's pixels and where the stage lies in it."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(browser.screenshot()))).convert("RGB"))
    at = browser.run("(({x, y, width, height}) => ({x, y, width, height}))(stage.getBoundingClientRect())")
    return pixels, at


def shown_picture(browser, width: int, height: int) -> np.ndarray:
    """What the stage shows of a box of this size in its middle."""
    pixels, at = look(browser)
    x, y = round(at["x"] + at["width"] / 2 - width / 2), round(at["y"] + at["height"] / 2 - height / 2)
    return pixels[y : y + height, x : x + width].astype(int)


def test_the_slider_shows_both_sources_pixel_for_pixel(browser):
    browser.press("o")
    seen = shown_picture(browser, 128, 96)
    enlarged = FIRST[0].repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(seen[60:, :40], enlarged[60:, :40])
    np.testing.assert_array_equal(seen[60:, 88:], SECOND[0][60:, 88:])
    assert browser.complaints == []


def test_digit_keys_flip_and_arrow_keys_change_the_frame(browser):
    browser.press("o")
    for key, expected in (("1", FIRST[0].repeat(2, 0).repeat(2, 1)), ("2", SECOND[0])):
        browser.press(key)
        np.testing.assert_array_equal(shown_picture(browser, 128, 96), expected)
    browser.press("ArrowRight")
    np.testing.assert_array_equal(shown_picture(browser, 128, 96), SECOND[1])
    assert browser.run("$('status').textContent").startswith("Frame 1, 0.04 s: b (lossless)")
    assert browser.complaints == []
