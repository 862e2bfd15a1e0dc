"""What Lighthouse would look at, in a real Chromium, at the sizes of a desk and of a phone."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from tests.compare.contrast import contrast
from tests.compare.pages import painted
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.stills import Still, Stills

SIZES = {"desk": (1280, 800, False), "phone": (390, 844, True)}
MODES = ("slider", "flip", "difference", "sheet")
NUMBERS = (0, 5, 9)
LEAST_CONTRAST = 4.5
LEAST_TARGET = 24  # CSS pixels
FOCUSABLE = (
    "[...document.querySelectorAll('button, select, input, summary, [tabindex]')]"
    ".filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.disabled)"
)
TEXTS = """(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), parent = walker.currentNode.parentElement;
    if (!text || parent.closest('script, noscript, option') || !parent.checkVisibility()) continue;
    const grounds = [];
    for (let e = parent; e; e = e.parentElement) grounds.push(getComputedStyle(e).backgroundColor);
    const isOnPicture = Boolean(parent.closest('#stage'));
    found.push({ text, colour: getComputedStyle(parent).color, grounds, isOnPicture });
  }
  return found;
})()"""

FOCUSED = (
    "(e => ({name: e.id || e.textContent || e.value, top: e.getBoundingClientRect().top + scrollY,"
    " bottom: e.getBoundingClientRect().bottom + scrollY, style: getComputedStyle(e).outlineStyle,"
    " width: parseFloat(getComputedStyle(e).outlineWidth)}))(document.activeElement)"
)


def source(label: str, offset: int, **more) -> Stills:
    frames = (Still(n, Fraction(n, 5), painted(n + offset, 64, 48), 2, 1.5 + n) for n in NUMBERS)
    return Stills(label, tuple(frames), **more)


@pytest.fixture(scope="module", params=[2, 12])
def page(request, tmp_path_factory):
    """Nine sources and fewer have buttons, more have a list."""
    settings = {"refine": "3", "model": "bundled"}
    sources = [source(f"source {place}", 20 * place, settings=settings) for place in range(request.param)]
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(compare(sources, Choices(title="A comparison")).text, encoding="utf-8")
    return path


@pytest.fixture(params=SIZES)
def browser(request, chromium, page):
    width, height, is_mobile = SIZES[request.param]
    chromium.resize(width, height, mobile=is_mobile)
    chromium.open(page)
    chromium.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    return chromium


def each_mode(browser):
    for mode in MODES:
        browser.run(f"setMode('{mode}')")
        browser.settle()
        yield mode


def colour(text: str) -> tuple[float, ...]:
    """rgb(1, 2, 3) or rgba(1, 2, 3, 0.5), as four numbers."""
    numbers = [float(part) for part in text[text.index("(") + 1 : -1].split(",")]
    return (*numbers, 1.0)[:4]


def over(front: tuple[float, ...], back: tuple[float, ...]) -> tuple[float, ...]:
    return (*(front[3] * f + (1 - front[3]) * b for f, b in zip(front[:3], back[:3], strict=True)), 1.0)


def lowest_contrast(found: dict) -> float:
    """Of a text with what is behind it, which on the stage may be any picture."""
    contrasts = []
    for bottom in ((0, 0, 0, 1), (255, 255, 255, 1)) if found["isOnPicture"] else ((255, 255, 255, 1),):
        ground = bottom
        for one in reversed(found["grounds"][:3] if found["isOnPicture"] else found["grounds"]):
            ground = over(colour(one), ground)
        contrasts.append(contrast(over(colour(found["colour"]), ground)[:3], ground[:3]))
    return min(contrasts)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_stands_out(browser, theme):
    browser.run(f"setTheme('{theme}')")
    for mode in each_mode(browser):
        texts = browser.run(TEXTS)
        assert len(texts) > 30
        dull = [found for found in texts if lowest_contrast(found) < LEAST_CONTRAST]
        assert dull == [], mode
    assert browser.complaints == []


def test_every_control_has_a_name(browser):
    for mode in each_mode(browser):
        nodes = browser.accessibility()
        focusable = [
            node
            for node in nodes
            if any(p["name"] == "focusable" and p["value"].get("value") for p in node["properties"])
            and node["role"]["value"] not in ("RootWebArea", "MenuListPopup")
        ]
        expected = browser.run(f"{FOCUSABLE}.length")
        assert len(focusable) >= expected > 15
        nameless = [node for node in focusable if not node["name"]["value"].strip()]
        assert nameless == [], mode
        assert [n for n in nodes if n["role"]["value"] == "image" and not n["name"]["value"].strip()] == []
    assert browser.complaints == []


def test_names_tell_controls_apart(browser):
    """Two buttons of one name leave a listener guessing."""
    for mode in each_mode(browser):
        names = [n["name"]["value"] for n in browser.accessibility() if n["role"]["value"] == "button"]
        assert len(set(names)) == len(names), mode


def test_targets_are_large_enough_for_a_finger(browser):
    for mode in each_mode(browser):
        small = browser.run(
            f"{FOCUSABLE}.map(e => e.type === 'radio' || e.type === 'checkbox' ? e.closest('label') : e)"
            ".map(e => ({what: e.outerHTML.slice(0, 80), box: e.getBoundingClientRect()}))"
            f".filter(({{box}}) => Math.min(box.width, box.height) < {LEAST_TARGET})"
        )
        assert small == [], mode


def test_the_document_says_what_it_is(browser):
    assert browser.run("document.documentElement.lang") == "en"
    assert browser.run("document.title") == "A comparison"
    viewport = browser.run("document.querySelector('meta[name=viewport]').content")
    assert viewport == "width=device-width, initial-scale=1"  # nothing that forbids to zoom
    levels = browser.run("[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert browser.run("document.querySelectorAll('main').length") == 1


@pytest.mark.parametrize("mode", MODES)
def test_the_focus_can_be_seen_and_goes_down_the_page(browser, mode):
    browser.run(f"setMode('{mode}')")
    stops = []
    for _ in range(browser.run(f"{FOCUSABLE}.filter(e => e.type !== 'radio' || e.checked).length")):
        browser.press("Tab")
        stops.append(browser.run(FOCUSED))
    assert [stop for stop in stops if stop["style"] in ("none", "hidden") or stop["width"] < 2] == []
    backward = [pair for pair in pairwise(stops) if pair[1]["bottom"] <= pair[0]["top"]]
    assert [pair for pair in backward if not is_column(pair)] == []


def is_column(pair: tuple[dict, dict]) -> bool:
    """Cards stand in columns: the next one begins at the top again."""
    return all(stop["name"] in ("Settings", "Tags of the file") for stop in pair)


@pytest.mark.parametrize("preference", ["no-preference", "reduce"])
def test_nothing_moves_by_itself(browser, preference):
    browser.prefer(prefers_reduced_motion=preference)
    for _ in each_mode(browser):
        browser.press("ArrowRight")
        assert browser.run("document.getAnimations().length") == 0
    moving = browser.run(
        "[...document.querySelectorAll('*')].map(e => getComputedStyle(e))"
        ".filter(s => s.animationName !== 'none' || parseFloat(s.transitionDuration) || "
        "s.scrollBehavior !== 'auto').length"
    )
    assert moving == 0
