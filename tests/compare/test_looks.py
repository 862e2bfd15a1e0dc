"""The page as a picture: nothing has moved since somebody looked at the references."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.compare.screenshot import REFERENCES, SCENES, distance, make_page, shoot

MOST = 0.25
"""Share of the pixels of any square that may differ: room for another version's controls, none for a move."""
PANELS = ("#theme", ".modes", ".zoom", "#stage", ".divider", "#thumbnails", ".plot", "#sources")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {count: make_page(folder / f"{count}.html", count) for count, *_ in SCENES.values()}


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_looks_as_it_did(chromium, pages, tmp_path, scene):
    shown = shoot(chromium, pages[SCENES[scene][0]], scene)
    reference, new = REFERENCES / f"{scene}.png", tmp_path / f"{scene}.png"
    apart = distance(shown, np.asarray(Image.open(reference).convert("RGB")))
    if apart > MOST:
        Image.fromarray(shown).save(new)
    assert apart <= MOST, (
        f"{apart:.0%} of a square of {new} differ from {reference}: look at both, and if the new is as it "
        "should be, run python -m tests.compare.screenshot."
    )
    assert chromium.complaints == []


@pytest.mark.parametrize("scene", ["desk-slider", "phone-slider"])
def test_a_panel_that_moves_is_noticed(chromium, pages, scene):
    page = pages[SCENES[scene][0]]
    before = shoot(chromium, page, scene)
    assert distance(shoot(chromium, page, scene), before) == 0
    for panel in PANELS:
        moved = shoot(chromium, page, scene, f"{panel} {{ position: relative; top: 8px; left: 8px }}")
        assert distance(moved, before) > MOST, panel
