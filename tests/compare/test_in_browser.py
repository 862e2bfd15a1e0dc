"""The page in a real Chromium, as a person uses it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.compare.browser import corner, drag, pixels_of
from tests.compare.pages import folder, painted
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.stills import Still, Stills

FIRST = [painted(number, 64, 48) for number in range(3)]
SECOND = [painted(number + 50, 128, 96) for number in range(3)]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    at = tmp_path_factory.mktemp("page")
    sources = [folder(at / "a", FIRST), folder(at / "b", SECOND)]
    (at / "page.html").write_text(compare(sources, Choices()).text, encoding="utf-8")
    return at / "page.html"


@pytest.fixture
def browser(chromium, page):
    chromium.resize(1280, 1000)
    chromium.open(page)
    return chromium


def shown_picture(browser, width: int, height: int) -> np.ndarray:
    """What the stage shows of a box of this size in its middle."""
    at = corner(browser, "stage")
    x, y = round(at["x"] + at["width"] / 2 - width / 2), round(at["y"] + at["height"] / 2 - height / 2)
    return pixels_of(browser)[y : y + height, x : x + width].astype(int)


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


def test_at_a_browser_zoom_of_150_percent_pixels_are_the_screens_own(browser):
    browser.resize(853, 667, scale=1.5)
    browser.press("o")
    browser.press("2")
    assert browser.run("$('percent').value") == "100 %"
    at = corner(browser, "layers[1].image")
    x, y = round(1.5 * at["x"]), round(1.5 * at["y"])
    np.testing.assert_array_equal(pixels_of(browser)[y : y + 96, x : x + 128], SECOND[0])
    assert browser.run("document.documentElement.scrollWidth") <= 853


ODD = '<b>x</b><img src=x onerror=alert(1)> & {{data}} "q" ' + 200 * "long"


def test_odd_and_equal_labels_are_texts_and_told_apart(chromium, tmp_path):
    sources = [folder(tmp_path / "a", FIRST), folder(tmp_path / "b", SECOND)]
    page = tmp_path / "page.html"
    page.write_text(compare(sources, Choices(labels=(ODD, ODD))).text, encoding="utf-8")
    for width, height in ((390, 844), (1280, 800)):
        chromium.resize(width, height, mobile=width < 600)
        chromium.open(page)
        for mode in ("slider", "flip", "difference", "sheet"):
            chromium.run(f"setMode('{mode}')")
            chromium.settle()
            assert chromium.run("document.documentElement.scrollWidth") <= width
        assert chromium.run("document.querySelectorAll('b, img[src=x]').length") == 0
        assert chromium.run("$('left-name').textContent") == f"1 {ODD}"
        chromium.press("s")
        assert f": 1 {ODD} (lossless) and 2 {ODD} (lossless)" in chromium.run("$('status').textContent")
        assert chromium.run("[...$('left').options].map(o => o.textContent)") == [f"1 {ODD}", f"2 {ODD}"]
    assert chromium.complaints == []


def test_a_photograph_has_numbers_and_no_curve(chromium, tmp_path):
    photos = [
        folder(tmp_path / name, [one]) / "0000.png" for name, one in (("a", FIRST[0]), ("b", SECOND[0]))
    ]
    page = tmp_path / "page.html"
    page.write_text(compare(photos, Choices()).text, encoding="utf-8")
    chromium.resize(1280, 1000)
    chromium.open(page)
    hidden = "['plot', 'thumbnails', 'previous', 'next'].map(id => $(id).checkVisibility())"
    assert chromium.run(hidden) == [False] * 4
    assert chromium.run("$('numbers').checkVisibility()")
    rows = chromium.run("[...$('numbers').rows].map(r => [...r.cells].map(c => c.textContent))")
    assert rows[0] == ["Source", "Frame", "Time", "Difference", "Picture"]  # no PSNR, for the sizes differ
    assert [row[0] for row in rows[1:]] == ["1 a/0000.png", "2 b/0000.png"]
    halved = SECOND[0].reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    assert float(rows[2][3]) == pytest.approx(np.abs(FIRST[0] - halved).mean(), abs=0.5)
    assert chromium.complaints == []


def test_a_tall_picture_is_shown_whole_on_a_phone(chromium, tmp_path):
    tall = [folder(tmp_path / name, [painted(seed, 72, 128)]) for name, seed in (("a", 1), ("b", 2))]
    page = tmp_path / "page.html"
    page.write_text(compare(tall, Choices()).text, encoding="utf-8")
    chromium.resize(390, 844, mobile=True)
    chromium.open(page)
    for mode in ("slider", "sheet"):
        chromium.run(f"setMode('{mode}')")
        chromium.settle()
        for index in range(2):
            image, layer = (
                corner(chromium, f"layers[{index}].image"),
                corner(chromium, f"layers[{index}].layer"),
            )
            assert image["width"] / image["height"] == pytest.approx(72 / 128, rel=0.01)
            assert image["height"] > 300
            assert image["x"] >= layer["x"] - 1
            assert image["y"] >= layer["y"] - 1
            assert image["x"] + image["width"] <= layer["x"] + layer["width"] + 2
            assert image["y"] + image["height"] <= layer["y"] + layer["height"] + 2


def test_the_plot_shows_the_series_that_is_chosen(chromium, tmp_path):
    stills = [
        Stills(name, tuple(Still(n, Fraction(n), painted(n + seed), passes, 4.0 - n) for n in (0, 4, 8)))
        for name, seed, passes in (("source", 0, None), ("mild", 10, 1), ("strong", 20, 3))
    ]
    page = tmp_path / "page.html"
    page.write_text(compare(stills, Choices()).text, encoding="utf-8")
    chromium.resize(1280, 1000)
    chromium.open(page)
    assert chromium.run("[...$('series').options].map(o => o.value)") == [
        "difference",
        "psnr",
        "passes",
        "residue",
    ]
    heights = (
        "[...document.querySelectorAll('#plot polyline')]"
        ".map(l => l.getAttribute('points').split(' ').map(p => Number(p.split(',')[1])))"
    )
    chromium.run("$('series').value = 'passes'; $('series').dispatchEvent(new Event('change'))")
    assert chromium.run(heights) == [[pytest.approx(196 - 188 / 3, abs=0.1)] * 3, [8] * 3]
    assert chromium.run("$('legend').innerText").split("\n") == ["mild", "strong"]
    assert "strong 3 to 3" in chromium.run("$('plot').getAttribute('aria-label')")
    chromium.run("$('series').value = 'residue'; $('series').dispatchEvent(new Event('change'))")
    assert len(chromium.run(heights)) == 3
    assert "frame's last cleaning pass" in chromium.run("$('plot-note').textContent")
    chromium.press("ArrowRight")
    rows = chromium.run("[...$('numbers').rows].map(r => [...r.cells].map(c => c.textContent))")
    assert rows[0] == ["Source", "Frame", "Time", "Difference", "PSNR", "Passes", "Residue", "Picture"]
    assert rows[1] == ["1 source", "4", "4.00 s", "–", "–", "–", "0.000", "lossless"]
    error = ((painted(4).astype(float) - painted(24)) ** 2).mean()
    apart = np.abs(painted(4).astype(float) - painted(24)).mean()
    ratio = 10 * np.log10(255**2 / error)
    assert rows[3] == [
        *("3 strong", "4", "4.00 s", f"{apart:.3f}", f"{ratio:.2f} dB", "3", "0.000", "lossless")
    ]
    assert chromium.complaints == []


def test_the_divider_follows_the_mouse_and_the_keys(browser):
    browser.press("o")
    at = corner(browser, "stage")
    middle = at["x"] + at["width"] / 2, at["y"] + 100
    drag(browser, middle, (middle[0] - 40, middle[1]))
    assert browser.run("view.divider") == pytest.approx(0.5 - 40 / at["width"])
    np.testing.assert_array_equal(shown_picture(browser, 128, 96)[60:, 50:], SECOND[0][60:, 50:])
    browser.press("]")
    assert browser.run("Number($('divider').value)") == round(1000 * (0.52 - 40 / at["width"]))
    assert browser.complaints == []


def test_both_sources_move_together(browser):
    browser.press("o")
    browser.press("2")
    at = corner(browser, "stage")
    spot = at["x"] + 100, at["y"] + 100
    drag(browser, spot, (spot[0] + 8, spot[1] + 5))
    np.testing.assert_array_equal(shown_picture(browser, 128, 96)[5:, 8:], SECOND[0][:-5, :-8])
    browser.press("1")
    enlarged = FIRST[0].repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(shown_picture(browser, 128, 96)[5:, 8:], enlarged[:-5, :-8])


def test_the_wheel_zooms_about_the_mouse_to_single_pixels(browser):
    browser.press("o")
    at = corner(browser, "stage")
    x, y = at["x"] + at["width"] / 2 + 20, at["y"] + at["height"] / 2 - 10
    for _ in range(20):
        browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400)
    browser.settle()
    assert browser.run("view.zoom") == 64
    box = corner(browser, "layers[1].image")
    assert (x - box["x"]) / 64 == pytest.approx(64 + 20, abs=0.05)
    assert (y - box["y"]) / 64 == pytest.approx(48 - 10, abs=0.05)
    browser.press("2")
    pixels = pixels_of(browser)
    column, row = int((x + 32 - box["x"]) // 64), int((y + 32 - box["y"]) // 64)
    left, top = round(box["x"] + 64 * column), round(box["y"] + 64 * row)
    seen = pixels[top + 2 : top + 62, left + 2 : left + 62]
    np.testing.assert_array_equal(seen, np.broadcast_to(SECOND[0][row, column], seen.shape))


def test_the_difference_is_amplified(browser):
    browser.press("o")
    browser.press("d")
    apart = np.abs(FIRST[0].repeat(2, 0).repeat(2, 1).astype(int) - SECOND[0])
    for gain in (1, 4):
        browser.run(f"$('gain').value = '{gain}'; $('gain').dispatchEvent(new Event('change'))")
        browser.settle()
        seen = shown_picture(browser, 128, 96)
        assert np.abs(seen - np.minimum(255, gain * apart)).max() <= gain


def test_pictures_are_smooth_where_they_are_reduced_or_asked_to_be(browser):
    rendering = "layers.map(({image}) => getComputedStyle(image).imageRendering)"
    browser.press("o")
    assert browser.run(rendering) == ["pixelated", "pixelated"]
    browser.press("-")
    assert browser.run(rendering) == ["pixelated", "auto"]
    browser.press("p")
    assert browser.run(rendering) == ["auto", "auto"]


def test_thumbnails_and_the_plot_choose_frames(browser):
    assert browser.run("$('thumbnails').children.length") == 3
    browser.run("$('thumbnails').children[1].firstChild.click()")
    assert browser.run("view.moment") == 1
    points = browser.run("document.querySelector('#plot polyline').getAttribute('points')").split()
    assert len(points) == 3
    browser.run("$('plot').scrollIntoView()")
    at = corner(browser, "$('plot')")
    spot = at["x"] + at["width"] - 3, at["y"] + at["height"] / 2
    drag(browser, spot, spot)
    assert browser.run("view.moment") == 2
    assert browser.run("document.querySelectorAll('[aria-current=true]').length") == 1


def test_the_theme_changes(browser):
    ground = "getComputedStyle(document.body).backgroundColor"
    assert browser.run(ground) == "rgb(20, 22, 26)"
    browser.press("t")
    assert browser.run(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("mode", ["slider", "flip", "difference", "sheet"])
def test_a_phone_shows_everything_without_scrolling_sideways(browser, mode):
    browser.resize(360, 740, mobile=True)
    browser.run(f"setMode('{mode}')")
    browser.settle()
    assert browser.run("document.documentElement.scrollWidth") <= 360
    small = browser.run(
        "[...document.querySelectorAll('button:not(.caption), select')].filter(e => e.checkVisibility())"
        ".filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 44).map(e => e.outerHTML)"
    )
    assert small == []
    assert browser.complaints == []


def test_fingers_move_the_divider_and_pinch(browser):
    browser.resize(390, 844, mobile=True)
    browser.press("o")
    at = corner(browser, "stage")
    x, y = at["x"] + at["width"] / 2, at["y"] + 60
    browser.touch([(x, y)], [(x - 30, y)], [(x - 50, y)])
    assert browser.run("view.divider") == pytest.approx(0.5 - 50 / at["width"])
    x, y = at["x"] + 90, at["y"] + at["height"] / 2
    browser.touch([(x, y)], [(x + 20, y + 10)])
    assert browser.run("[view.x * box.width, view.y * box.height]") == pytest.approx(
        [64 - 20, 48 - 10], abs=1e-6
    )
    browser.touch([(x, y - 40), (x, y + 40)], [(x, y - 60), (x, y + 60)], [(x, y - 80), (x, y + 80)])
    assert browser.run("view.zoom") == pytest.approx(2, rel=0.01)
    assert browser.complaints == []


def test_keys_reach_every_control(browser):
    name = "(e => e.id || e.textContent || e.value)"
    expected = browser.run(
        "[...document.querySelectorAll('button, select, input, summary, [tabindex]')]"
        ".filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.disabled)"
        f".filter(e => e.type !== 'radio' || e.checked).map({name})"
    )
    reached = []
    for _ in expected:
        browser.press("Tab")
        reached.append(browser.run(f"{name}(document.activeElement)"))
    assert reached == expected
