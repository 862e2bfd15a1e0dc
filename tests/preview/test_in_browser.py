"""A preview's page in a real Chromium: the sheet of a grid, its labels, figures and commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.compare.browser import Browser, find_chromium
from tests.preview.films import make_film
from vsrealbasicvsr.cli import main

PROGRAM = find_chromium()


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium here; CHROMIUM=PATH names one")
def test_a_grid_opens_as_a_sheet(ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path) -> None:
    film = make_film(ffmpeg, tmp_path / "film.mkv")
    flags = ["--model", tiny_model, "--device", "cpu", "--window", "6", "--margin", "1", "--preview", "2"]
    grid = ["--grid", "refine=0,255", "--grid", "strength=0.5,1"]
    arguments = ["restore", film, tmp_path / "out.mkv", *flags, *grid]
    made = CliRunner().invoke(main, [str(word) for word in arguments])
    assert made.exit_code == 0, made.output
    assert PROGRAM
    browser = Browser(PROGRAM, tmp_path / "profile", 1280, 1000)
    try:
        browser.open(tmp_path / "out.preview.html")
        assert browser.run("view.mode") == "sheet"
        names = browser.run("layers.map(({name}) => name.innerText)")
        text = browser.run("document.body.textContent")
        sizes = browser.run("layers.map(({layer}) => layer.querySelector('img').naturalWidth)")
    finally:
        browser.close()
    pairs = [f"refine={refine} strength={strength}" for refine in (0, 255) for strength in (0.5, 1)]
    assert [name.split(" ", 1)[1] for name in names] == ["film.mkv", *pairs]
    assert sizes == [32, 128, 128, 128, 128]
    assert "--refine 255 --strength 0.5" in text
    assert browser.complaints == []
