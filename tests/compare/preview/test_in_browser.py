"""A preview's page in a real Chromium: the sheet of a grid, its labels, figures and commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.compare.browser import Browser
from tests.compare.preview.films import make_film
from tests.conftest import Restore


def test_a_grid_opens_as_a_sheet(
    chromium: Browser, restore: Restore, ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    film = make_film(ffmpeg, tmp_path / "film.mkv")
    flags = ["--window", "6", "--margin", "1", "--preview", "2"]
    grid = ["--grid", "refine=0,255", "--grid", "strength=0.5,1"]
    made = restore(film, tmp_path / "out.mkv", *flags, *grid)
    assert made.exit_code == 0, made.output
    chromium.resize(1280, 1000)
    chromium.open(tmp_path / "out.preview.html")
    assert chromium.run("view.mode") == "sheet"
    names = chromium.run("layers.map(({name}) => name.innerText)")
    text = chromium.run("document.body.textContent")
    sizes = chromium.run("layers.map(({layer}) => layer.querySelector('img').naturalWidth)")
    pairs = [f"refine={refine} strength={strength}" for refine in (0, 255) for strength in (0.5, 1)]
    assert [name.split(" ", 1)[1] for name in names] == ["film.mkv", *pairs]
    assert sizes == [32, 128, 128, 128, 128]
    assert "--refine 255 --strength 0.5" in text
    assert chromium.complaints == []
