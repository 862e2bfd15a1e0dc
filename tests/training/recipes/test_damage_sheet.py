"""The sheet of old damage."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner

from tests.conftest import EXAMPLE_CLIP
from training.recipes.default.damage_sheet import KINDS, main


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    single = tmp_path / "single"
    single.mkdir()
    cv2.imwrite(str(single / "0.png"), np.zeros((300, 400, 3), np.uint8))
    for arguments, complaint in (
        ((str(tmp_path / "sheet.webp"), "nofile.mp4"), "nofile.mp4"),
        (("sheet", str(EXAMPLE_CLIP)), "sheet must end in .webp or .png."),
        ((str(tmp_path / "sheet.png"), str(EXAMPLE_CLIP), "--real", str(single)), "has a single frame"),
    ):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 1
        (line,) = done.stderr.splitlines()
        assert complaint in line


def test_the_sheet_shows_every_kind_and_real_clips_beside_what_they_were(tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    arguments = [str(target), str(EXAMPLE_CLIP), "--real", str(EXAMPLE_CLIP)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    sheet = cv2.imread(str(target))
    assert sheet is not None
    pairs = -(-(len(KINDS) + 1) // 2)
    height, width = 22 + 2 * 120 + 4, 2 * 2 * 160 + 8
    assert sheet.shape == (pairs * height, 2 * width, 3)
    for number in range(len(KINDS)):
        top, left = number // 2 * height + 22, number % 2 * width
        before, after = (
            sheet[top : top + 240, left : left + 320],
            sheet[top : top + 240, left + 320 : left + 640],
        )
        assert np.abs(before.astype(int) - after).max() > 10
