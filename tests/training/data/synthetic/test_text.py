"""Text in motion: fonts, letters, and what moves how."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from training.data.cache import PictureCache
from training.data.options import MotionOptions, TextOptions
from training.data.synthetic.backgrounds import Backgrounds
from training.data.synthetic.fonts import find_fonts, opened, read_font
from training.data.synthetic.lettering import Style, lettered
from training.data.synthetic.scripts import SCRIPTS, Script, line
from training.data.synthetic.text import TextClip
from training.errors import TrainingError
from vsrealbasicvsr.errors import ClipError

STILL = MotionOptions(pan=0, zoom=0, rotation=0, perspective=0, jitter=0, reduction=1)


def font_file(path: Path) -> Path:
    """Pillow's own font, which has the letters of ASCII."""
    font = ImageFont.load_default()
    assert isinstance(font, ImageFont.FreeTypeFont)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(font.font_bytes)
    return path


def clip(folder: Path) -> TextClip:
    font = read_font(font_file(folder / "font.ttf"))
    return TextClip("text", (font,), Backgrounds((), 0.0, STILL, PictureCache(0)), TextOptions())


def test_a_font_is_used_for_the_scripts_and_words_that_it_has_all_letters_of(tmp_path: Path) -> None:
    wanted = (Script("Latin", "abc", ("plain", "żółw")), Script("Hangul", "한국"), Script("Both", "a한"))
    (shown,) = read_font(font_file(tmp_path / "font.ttf"), wanted).scripts
    assert shown == Script("Latin", "abc", ("plain",))


def test_fonts_are_found_at_any_depth_and_hidden_ones_are_not(tmp_path: Path) -> None:
    paths = [font_file(tmp_path / name) for name in ("b.ttf", "a/x.OTF", ".c/z.ttf")]
    assert list(find_fonts(tmp_path)) == [paths[1], paths[0]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="holds no fonts"):
        list(find_fonts(tmp_path / "empty"))
    with pytest.raises(TrainingError, match="There is no folder"):
        list(find_fonts(tmp_path / "nowhere"))


def test_a_damaged_font_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(ClipError, match=r"broken\.ttf is damaged or no font"):
        opened(tmp_path / "broken.ttf", 20)


def test_a_font_with_damaged_letters_is_named(tmp_path: Path) -> None:
    path = font_file(tmp_path / "font.ttf")
    content = path.read_bytes()
    path.write_bytes(content[:4_000] + b"\xff" * (len(content) - 8_000) + content[-4_000:])
    opened(path, 24)  # it opens as a whole font does
    with pytest.raises(ClipError, match=r"font\.ttf is damaged"):
        read_font(path)
    with pytest.raises(ClipError, match=r"font\.ttf has damaged letters"):
        lettered(path, 24, "abc", Style(fill=(255, 255, 255)))


def test_lines_have_about_the_wanted_length_and_only_known_letters() -> None:
    for script in SCRIPTS:
        known = set(script.letters).union(*script.words, " ")
        for seed in range(20):
            text = line(np.random.default_rng(seed), script, 20)
            assert 20 <= len(text) < 45
            assert set(text) <= known


def test_no_script_has_a_letter_that_joins_with_its_neighbours() -> None:
    """Letters are set one after another: that is right for none of Arabic's."""
    letters = {letter for script in SCRIPTS for letter in script.letters}
    assert not any(0x600 <= ord(letter) < 0x700 for letter in letters)


@pytest.mark.parametrize(
    "style",
    [
        Style(fill=(255, 255, 255)),
        Style(fill=(255, 255, 0), outline=4),
        Style(fill=(200, 30, 20), shadow=6, blur=3.0),
        Style(fill=(255, 255, 255), board=(20, 60, 140), cover=0.5, border=3, ink=(255, 255, 255)),
    ],
)
def test_all_of_the_letters_fit_and_colours_are_multiplied_by_alpha(style: Style, tmp_path: Path) -> None:
    picture = lettered(font_file(tmp_path / "font.ttf"), 60, "Ågjy\nQx", style)
    assert (picture[..., :3].max(axis=-1) <= picture[..., 3]).all()
    rim = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    assert set(rim[:, 3].tolist()) == ({round(255 * style.cover)} if style.board else {0})
    assert (picture == (*style.fill, 255)).all(axis=-1).mean() > 0.03


def test_the_frame_of_a_board_is_as_far_from_each_of_its_edges(tmp_path: Path) -> None:
    style = Style(fill=(255, 255, 255), board=(20, 60, 140), cover=0.5, border=3, ink=(255, 255, 255))
    picture = lettered(font_file(tmp_path / "font.ttf"), 60, "A", style)
    rows, columns = (picture[..., 3] == 255).nonzero()
    height, width = picture.shape[:2]
    assert (rows.min(), height - 1 - rows.max()) == (3, 3)
    assert (columns.min(), width - 1 - columns.max()) == (3, 3)


@pytest.mark.parametrize(
    "style", [Style(fill=(255, 255, 255), outline=5), Style(fill=(255, 255, 255), shadow=8)]
)
def test_outlines_and_shadows_are_where_the_letters_are_in_every_line(style: Style, tmp_path: Path) -> None:
    picture = lettered(font_file(tmp_path / "font.ttf"), 80, "oil\nOIL\nill", style)
    letters = picture[..., 0] > 128
    steps = [(style.shadow, style.shadow)] if style.shadow else [(4, 0), (-4, 0), (0, 4), (0, -4)]
    for step in steps:
        assert (picture[..., 3] > 128)[np.roll(letters, step, (0, 1))].all()


def test_text_is_a_clip_that_pickles_and_draws_everything_from_its_generator(tmp_path: Path) -> None:
    made = clip(tmp_path)
    take = [some.take(np.random.default_rng(5), 4, 64) for some in (made, pickle.loads(pickle.dumps(made)))]
    assert take[0].shape == (4, 64, 64, 3)
    assert np.array_equal(take[0], take[1])
    assert not np.array_equal(take[0], made.take(np.random.default_rng(6), 4, 64))


def test_before_a_background_that_stands_still_some_texts_stand_still_and_some_move(tmp_path: Path) -> None:
    made = clip(tmp_path)
    moving = [np.ptp(made.take(np.random.default_rng(seed), 4, 96), axis=0).any() for seed in range(24)]
    assert 6 <= sum(moving) <= 20


def test_text_is_legible_it_stands_out_from_what_is_around_it(tmp_path: Path) -> None:
    made = clip(tmp_path)
    contrasts = []
    for seed in range(24):
        frame = made.take(np.random.default_rng(seed), 1, 128)[0]
        levels = np.asarray(Image.fromarray(frame).convert("L"))
        contrasts.append(int(levels.max()) - int(levels.min()))
    assert sorted(contrasts)[4] > 90


@pytest.mark.parametrize(
    "options", [{"share": 1.0}, {"smallest": 2.0}, {"smallest": 50.0, "largest": 40.0}, {"scroll": -1.0}]
)
def test_options_of_text_without_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(TrainingError):
        TextOptions(**options)
