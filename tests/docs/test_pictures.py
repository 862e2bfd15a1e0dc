"""The pictures of "Choosing settings" are made by the program, and are what their captions say."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from tests.docs.site import DOCS

SCRIPT = DOCS / "make_pictures.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pictures", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_a_sheet(
    script: ModuleType, tmp_path: Path, tiny_model: Path, ffmpeg: Callable[..., None]
) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x36:r=24:d=0.125", "-c:v", "ffv1", tmp_path / "short.mkv")
    options = ["--source", tmp_path / "short.mkv", tmp_path, "--model", tiny_model, "--device", "cpu"]
    command = [sys.executable, SCRIPT, "--only", "cuts", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "cuts.webp") as sheet:
        pixels = np.asarray(sheet.convert("RGB"), dtype=int)
    width = int(256 * script.TOWER.right) - int(256 * script.TOWER.left)
    height = int(144 * script.TOWER.bottom) - int(144 * script.TOWER.top)
    assert pixels.shape == (height, 3 * width + 2 * script.GAP, 3)
    assert pixels[:, -width:].mean() < 5, (
        "a clip without a cut is the same with and without a search for cuts"
    )


def test_every_sheet_is_there_and_its_commands_are_in_its_caption(script: ModuleType) -> None:
    text = (DOCS / "choosing.md").read_text(encoding="utf-8")
    for name, sheet in script.SHEETS.items():
        assert (DOCS / "pictures" / f"{name}.webp").is_file()
        caption = text.partition(f"(pictures/{name}.webp)")[2].split("\n\n")[1].replace("\n", " ")
        assert f"Frame {sheet.frame}." in caption
        for options in sheet.panels:
            words = " ".join(options) or "default"
            assert words in caption or options[-1] in caption, f"{name}: {words}"
