"""`python -m tests.compare.screenshot`: make the reference pictures of the page anew, and look at them.

Bars stand for text, whose size is nought: so they are the same with any machine's fonts, and what moves is
a panel. `test_the_page_looks_as_it_did` compares with them.
"""

from __future__ import annotations

import io
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from tests.compare.browser import Browser, find_chromium
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.stills import Still, Stills

REFERENCES = Path(__file__).parent / "screenshots"
SCENES = {
    "desk-slider": (2, "slider", 1280, 800, False),
    "desk-sheet": (6, "sheet", 1280, 800, False),
    "phone-slider": (2, "slider", 390, 844, True),
    "phone-sheet": (6, "sheet", 390, 844, True),
}
"""Sources, mode, width, height, whether it is a phone."""
NUMBERS = (0, 10, 25, 49)
_NO_TEXT = (
    "body, body * { font-size: 0 !important; line-height: 20px !important; color: transparent !important }"
    "dd, p, h1, h2, h3, summary { background: #888 }"
)
_VISIBLE = 8  # code values of 255 by which a pixel must differ to count; panels lie 12 above the ground
_BLOCK = 32  # pixels


def make_page(path: Path, count: int) -> Path:
    """A comparison of so many sources whose every figure is known."""
    text = compare([_source(place) for place in range(count)], Choices(frames=NUMBERS)).text
    path.write_text(text, encoding="utf-8")
    return path


def shoot(browser: Browser, page: Path, scene: str, style: str = "") -> np.ndarray:
    """The whole page with bars for text: (height, width, 3), uint8.

    Args:
        browser: Any.
        page: Of as many sources as the scene has.
        scene: Of `SCENES`.
        style: More rules, to see what they change.
    """
    _, mode, width, height, is_phone = SCENES[scene]
    browser.resize(width, height, mobile=is_phone)
    browser.open(page)
    rules = f"{_NO_TEXT} {style}"
    browser.run(f"document.head.append(make('style', {{ textContent: `{rules}` }})); setMode('{mode}')")
    browser.settle()
    return np.asarray(Image.open(io.BytesIO(browser.screenshot(whole=True))).convert("RGB"))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Share of pixels that differ visibly, of the square in which most do; 1 where the sizes differ."""
    if first.shape != second.shape:
        return 1.0
    differs = np.abs(first.astype(int) - second).max(axis=2) > _VISIBLE
    height, width = (-(-length // _BLOCK) * _BLOCK for length in differs.shape)
    whole = np.zeros((height, width))
    whole[: differs.shape[0], : differs.shape[1]] = differs
    return float(whole.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean(axis=(1, 3)).max())


def _source(place: int) -> Stills:
    size = (640, 360) if place else (320, 180)
    settings = {"refine": str(place), "strength": "1"} if place else {}
    stills = (
        Still(n, Fraction(n, 25), _picture(n, place, *size), place and 1 + n % 3, place and 4 - n / 20)
        for n in NUMBERS
    )
    label = f"refine {place}" if place else "source"
    return Stills(label, tuple(stills), settings)


def _picture(number: int, place: int, width: int, height: int) -> np.ndarray:
    """Large squares on a slope, brighter from source to source."""
    rows, columns = np.indices((height, width)) * 16 // height
    squares = 90 * ((rows + columns + number) % 2)
    return np.stack([squares + 8 * rows, squares + 5 * columns // 2 + 6 * place, squares + 60], 2).astype(
        np.uint8
    )


def main() -> None:
    """Make all scenes anew."""
    program = find_chromium()
    if program is None:
        sys.exit("there is no Chromium here; CHROMIUM=PATH names one.")
    REFERENCES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(program, Path(folder, "profile"), 1280, 800)
        for scene, (count, *_) in SCENES.items():
            shown = shoot(browser, make_page(Path(folder, "page.html"), count), scene)
            Image.fromarray(shown).save(REFERENCES / f"{scene}.png", optimize=True)
            sys.stdout.write(f"{REFERENCES / scene}.png\n")
        browser.close()


if __name__ == "__main__":
    main()
