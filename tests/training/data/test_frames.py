"""Folders of pictures as clips."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.frames import frame_clip
from training.data.synthetic.pictures import list_pictures, picture_size, read_picture
from vsrealbasicvsr.errors import ClipError


def picture(seed: int, height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, content = cv2.imencode(path.suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    path.write_bytes(content.tobytes())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        write(tmp_path / f"frame {number}.png", picture(number))
    return tmp_path


def test_names_are_in_natural_order_and_hidden_files_are_passed_over(folder: Path) -> None:
    write(folder / ".frame 3.png", picture(0))
    (folder / "notes.txt").write_text("no picture")
    assert [path.name for path in list_pictures(folder)] == [f"frame {number}.png" for number in range(12)]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp", ".tif"])
def test_pictures_are_read_as_rgb(tmp_path: Path, suffix: str) -> None:
    pixels = picture(1)
    path = tmp_path / f"bild ü{suffix}"
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    path.write_bytes(cv2.imencode(suffix, pixels[..., ::-1], options)[1].tobytes())
    assert np.array_equal(read_picture(path), pixels)
    assert picture_size(path) == (40, 56)


def test_depth_transparency_and_grey_become_eight_bit_rgb(tmp_path: Path) -> None:
    deep = picture(2).astype(np.uint16) * 257
    assert np.array_equal(read_picture(write(tmp_path / "deep.png", deep)), picture(2))
    grey = write(tmp_path / "grey.png", picture(3)[..., 0])
    assert np.array_equal(read_picture(grey)[..., 2], picture(3)[..., 0])
    clear = np.dstack((picture(4)[..., ::-1], np.full((40, 56), 9, np.uint8)))
    (tmp_path / "clear.png").write_bytes(cv2.imencode(".png", clear)[1].tobytes())
    assert np.array_equal(read_picture(tmp_path / "clear.png"), picture(4))


def test_a_piece_is_a_run_of_frames_and_one_square_of_them(folder: Path) -> None:
    clip = frame_clip(folder, tuple(list_pictures(folder)))
    whole = np.stack([picture(number) for number in range(12)])
    seen = set()
    for seed in range(60):
        piece = clip.take(np.random.default_rng(seed), 5, 32)
        rng = np.random.default_rng(seed)
        start, left, top = (int(rng.integers(most + 1)) for most in (7, 24, 8))
        assert np.array_equal(piece, whole[start : start + 5, top : top + 32, left : left + 32])
        seen.add(start)
    assert seen == set(range(8))


def test_the_whole_clip_can_be_taken(folder: Path) -> None:
    clip = frame_clip(folder, tuple(list_pictures(folder)))
    assert clip.take(np.random.default_rng(0), 12, 40).shape == (12, 40, 40, 3)


def test_clips_travel_to_other_processes(folder: Path) -> None:
    clip = frame_clip(folder, tuple(list_pictures(folder)))
    copy = pickle.loads(pickle.dumps(clip))
    one, two = (each.take(np.random.default_rng(1), 3, 16) for each in (clip, copy))
    assert np.array_equal(one, two)


def test_another_size_is_named_at_the_survey_or_when_it_is_met(folder: Path) -> None:
    clip = frame_clip(folder, tuple(list_pictures(folder)))
    write(folder / "frame 4.png", picture(4, 44, 56))
    with pytest.raises(ClipError, match=r"frame 4\.png is 56x44, the first picture of its folder 56x40"):
        clip.take(np.random.default_rng(0), 12, 32)
    write(folder / "frame 11.png", picture(4, 44, 58))
    with pytest.raises(ClipError, match=r"frame 11\.png is 58x44"):
        frame_clip(folder, tuple(list_pictures(folder)))


@pytest.mark.parametrize("content", [b"", b"no picture at all", None])
def test_damaged_pictures_are_named(folder: Path, content: bytes | None) -> None:
    clip = frame_clip(folder, tuple(list_pictures(folder)))
    path = folder / "frame 5.png"
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    with pytest.raises(ClipError, match=r"frame 5\.png is damaged or no picture"):
        clip.take(np.random.default_rng(0), 12, 32)
    path.unlink()
    with pytest.raises(ClipError, match=r"frame 5\.png cannot be read: No such file"):
        clip.take(np.random.default_rng(0), 12, 32)
