"""`python -m tests.compare.load`: how large a comparison of 50 frames at 1440p is, and how long it loads.

Two clips are made of the example's: enlarged to 2560x1440, with grain, one sharper than the other. Their page
is opened from the disk in a headless Chromium, each time in a new process with a new profile.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

from tests.compare.browser import Browser, find_chromium
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.video.filter_chain import FilterChain

LAUNCH = Path(__file__).parents[2] / "examples" / "media" / "launch.mp4"
FRAMES = 50
LOOKS = {
    "grainy": [("scale", "2560:1440:flags=bicubic"), ("noise", "alls=10:allf=t")],
    "sharp": [("scale", "2560:1440:flags=lanczos"), ("unsharp", ""), ("noise", "alls=4:allf=t")],
}
PAINTED = (
    "new Promise(done => new PerformanceObserver("
    "list => done(Math.max(...list.getEntries().map(entry => entry.startTime)))"
    ").observe({type: 'largest-contentful-paint', buffered: true}))"
)


def main() -> None:
    """Make, load, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="load this page instead of making one")
    parser.add_argument("--loads", type=int, default=7, help="how often")
    parser.add_argument("--keep", type=Path, help="put the page here")
    arguments = parser.parse_args()
    program = find_chromium()
    if program is None:
        sys.exit("there is no Chromium here; CHROMIUM=PATH names one.")
    with tempfile.TemporaryDirectory() as folder:
        page = arguments.page or make_page(Path(folder))
        if arguments.keep:
            arguments.keep.write_bytes(page.read_bytes())
        report(page, [load(program, page, Path(folder, f"profile{n}")) for n in range(arguments.loads)])


def make_page(folder: Path) -> Path:
    """The page of two clips."""
    clips = [make_clip(folder / f"{name}.mkv", name) for name in LOOKS]
    begun = time.monotonic()
    page = folder / "page.html"
    page.write_text(compare(clips, Choices(count=FRAMES)).text, encoding="utf-8")
    say(f"made in {time.monotonic() - begun:.1f} s")
    return page


def make_clip(path: Path, look: str) -> Path:
    """The example again and again, as one of `LOOKS`."""
    chain = FilterChain(*LOOKS[look], time_base=Fraction(1, 25))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "14"})
        stream.width, stream.height, stream.pix_fmt = 2560, 1440, "yuv420p"
        for number, frame in zip(range(FRAMES), itertools.cycle(example()), strict=False):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for large in chain.push(frame):
                output.mux(stream.encode(large))
        output.mux(stream.encode(None))
    return path


def example() -> list[av.VideoFrame]:
    """All frames of the example."""
    with av.open(str(LAUNCH)) as container:
        return list(container.decode(video=0))


def load(program: str, page: Path, profile: Path) -> tuple[float, float, float]:
    """Seconds until the pictures are painted, until all is read, and until the driver sees them decoded."""
    browser = Browser(program, profile, 1280, 800)
    try:
        begun = time.monotonic()
        browser.open(page)
        seen = time.monotonic() - begun
        painted = browser.run(PAINTED) / 1000
        read = browser.run("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
        assert browser.complaints == []
    finally:
        browser.close()
    return painted, read, seen


def report(page: Path, loads: list[tuple[float, float, float]]) -> None:
    """Median and worst."""
    say(f"{page.stat().st_size / 1e6:.1f} MB, {len(loads)} loads; seconds, median (highest):")
    names = ("pictures painted", "all read", "pictures decoded, seen from outside")
    for name, seconds in zip(names, zip(*loads, strict=True), strict=True):
        say(f"  {name}: {statistics.median(seconds):.2f} ({max(seconds):.2f})")


def say(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
