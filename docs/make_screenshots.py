"""Make the pictures of "Restoring a film": a preview's page in a real browser, at a desk and on a phone.

    python docs/make_screenshots.py [FOLDER]

The default folder is docs/pictures. It needs Chromium. A grid of the sample clip takes some minutes on two
CPU cores.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.compare.browser import Browser, find_chromium

SAMPLE = ROOT / "examples" / "media" / "launch.mp4"
GRID = ("--preview", "3", "--grid", "refine=1.5,255", "--grid", "strength=0.7,1", "--no-open")
QUALITY = 80


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("pictures")
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium here; CHROMIUM=PATH names one")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        restored = work / "restored.mkv"
        command = [sys.executable, "-m", "vsrealbasicvsr", "restore", str(SAMPLE), str(restored), *GRID]
        subprocess.run(command, check=True)
        browser = Browser(chromium, work / "profile", 1280, 800)
        try:
            browser.open(work / "restored.preview.html")
            shoot(browser, folder / "sheet.webp")
            browser.run("document.querySelector('input[value=slider]').click()")
            browser.press("+")
            shoot(browser, folder / "slider.webp")
            browser.resize(390, 844, mobile=True)
            browser.open(work / "restored.preview.html")
            shoot(browser, folder / "phone.webp")
        finally:
            browser.close()


def shoot(browser: Browser, path: Path) -> None:
    browser.settle()
    Image.open(io.BytesIO(browser.screenshot())).save(path, quality=QUALITY, method=6)
    print(path)


main()
