"""Drawings in motion."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.data.cache import PictureCache
from training.data.options import DrawingOptions, MotionOptions
from training.data.synthetic.backgrounds import Backgrounds, painted
from training.data.synthetic.drawings import DrawingClip, cut
from training.data.synthetic.layers import Layer, composed
from training.data.synthetic.photos import PhotoClip
from training.data.synthetic.pictures import read_drawing
from training.errors import TrainingError
from vsrealbasicvsr.errors import ClipError

STILL = MotionOptions(pan=0, zoom=0, rotation=0, perspective=0, jitter=0, reduction=1)


def drawing(path: Path, size: int = 160) -> Path:
    """A disc with a bar of another colour on it."""
    picture = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, size - 8, size - 8), fill=(230, 40, 30, 255), outline=(0, 0, 0, 255), width=4)
    draw.rectangle((size // 3, size // 3, size // 2, size // 2), fill=(20, 60, 220, 128))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def clip(
    folder: Path, options: DrawingOptions, motion: MotionOptions = STILL, photos: tuple[PhotoClip, ...] = ()
) -> DrawingClip:
    pictures = PictureCache(1 << 24)
    drawings = (drawing(folder / "one.png"), drawing(folder / "two.webp", 90))
    return DrawingClip("drawings", drawings, Backgrounds(photos, 1.0, motion, pictures), options, pictures)


def frames(made: DrawingClip, seed: int, count: int = 6) -> NDArray[np.uint8]:
    return made.take(np.random.default_rng(seed), count, 64)


def test_drawings_are_a_clip_that_pickles_and_draws_everything_from_its_generator(tmp_path: Path) -> None:
    made = clip(tmp_path, DrawingOptions(), MotionOptions())
    one, two, other = frames(made, 1), frames(pickle.loads(pickle.dumps(made)), 1), frames(made, 2)
    assert one.shape == (6, 64, 64, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_drawings_are_large_enough_to_be_seen_and_they_move(tmp_path: Path) -> None:
    made = clip(tmp_path, DrawingOptions())
    for seed in range(20):
        taken = frames(made, seed).astype(int)
        drawn = (taken[..., 0] - taken[..., 1:].max(axis=-1)) > 100  # the disc's red
        if drawn.any():
            break
    assert drawn.mean() > 0.05
    assert sum(bool(np.ptp(frames(made, seed), axis=0).any()) for seed in range(10)) == 10


def test_held_drawings_stay_the_same_for_some_frames(tmp_path: Path) -> None:
    def same(hold: int) -> set[bool]:
        made = clip(tmp_path, DrawingOptions(hold=hold, layers=1))
        taken = [frames(made, seed) for seed in range(12)]
        return {np.array_equal(before, after) for some in taken for before, after in pairwise(some)}

    assert same(1) == {False}
    assert same(3) == {False, True}


def test_two_parts_at_rest_are_the_whole_drawing() -> None:
    """But for its outermost pixels, which count twice where the parts overlap."""
    colours = (
        np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    )
    colours[..., 3] = 255
    places = np.broadcast_to(np.array([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1.0]]), (1, 3, 3))
    background = np.zeros((1, 80, 80, 3), np.uint8)
    whole = composed(background, [Layer(colours, places)])
    for seed in range(8):
        rest, part, joint = cut(np.random.default_rng(seed), colours)
        assert all(40 < place < 120 for place in joint)
        assert min((rest[..., 3] == 0).mean(), (part[..., 3] == 0).mean()) > 0.2
        both = composed(background, [Layer(rest, places), Layer(part, places)])
        difference = np.abs(both.astype(int) - whole)[:, 2:-2, 2:-2]
        assert difference.mean() < 0.2
        assert difference.max() < 40  # where colours change under the soft edge of a part


def test_photographs_are_backgrounds_where_there_are_any(tmp_path: Path) -> None:
    Image.new("RGB", (90, 90), (1, 254, 1)).save(tmp_path / "photo.png")
    photo = PhotoClip(tmp_path / "photo.png", STILL, PictureCache(0))
    made = clip(tmp_path, DrawingOptions(layers=1), photos=(photo,))
    assert all((frames(made, seed) == (1, 254, 1)).all(axis=-1).any() for seed in range(5))


def test_painted_backgrounds_are_of_many_kinds() -> None:
    some = [painted(np.random.default_rng(seed), 50) for seed in range(20)]
    assert all(picture.shape == (50, 50, 3) and picture.dtype == np.uint8 for picture in some)
    assert len({picture.tobytes() for picture in some}) == 20


def test_colours_come_multiplied_by_alpha(tmp_path: Path) -> None:
    picture = read_drawing(drawing(tmp_path / "one.png"))
    assert picture.shape == (160, 160, 4)
    assert (picture[0, 0] == 0).all()
    assert (picture[..., :3].max(axis=-1) <= picture[..., 3]).all()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_drawing_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(ClipError, match=r"broken\.png"):
        read_drawing(tmp_path / "broken.png")


@pytest.mark.parametrize(
    "options",
    [
        *({"share": 1.0}, {"share": -0.1}, {"layers": 0}, {"hold": 0}, {"pan": -1.0}, {"zoom": 0.5}),
        *({"swing": 90.0}, {"photos": 1.5}),
    ],
)
def test_motion_of_drawings_without_sense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(TrainingError):
        DrawingOptions(**options)  # type: ignore[arg-type] # a table of the cases above
