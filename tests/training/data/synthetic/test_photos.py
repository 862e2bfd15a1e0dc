"""Photographs in motion: smooth, inside, sharp, without aliases."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.cache import PictureCache
from training.data.options import MotionOptions
from training.data.synthetic.motion import draw_path
from training.data.synthetic.photos import PhotoClip, filmed

STILL = MotionOptions(pan=0, zoom=0, rotation=0, perspective=0, jitter=0, reduction=1)


def photo(height: int = 200, width: int = 260) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def corners(homographies: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """(T, 4, 2), by OpenCV's own mapping."""
    square = np.array([[0, 0], [side - 1, 0], [0, side - 1], [side - 1, side - 1]], np.float64)
    return np.stack([cv2.perspectiveTransform(square[None], homography)[0] for homography in homographies])


def test_a_pan_by_whole_pixels_gives_the_photographs_own_pixels() -> None:
    pixels = photo()
    homographies = np.stack(
        [np.array([[1, 0, 3 * t], [0, 1, 2 * t], [0, 0, 1]], np.float64) for t in range(6)]
    )
    frames = filmed(pixels, homographies, 1.0, 64)
    for t, frame in enumerate(frames):
        assert np.array_equal(frame, pixels[2 * t : 2 * t + 64, 3 * t : 3 * t + 64])


def test_a_camera_that_stands_still_gives_the_photographs_own_pixels() -> None:
    pixels = photo()
    path = draw_path(np.random.default_rng(3), STILL, 4, 64, pixels.shape[:2])
    frames = filmed(pixels, path.homographies, path.reduction, 64)
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    x, y = path.homographies[0][:2, 2].round().astype(int)
    assert np.array_equal(frames[0], pixels[y : y + 64, x : x + 64])


def test_half_a_pixel_of_pan_is_half_a_pixel() -> None:
    """A sine moves by exactly its phase."""
    columns = np.arange(200, dtype=np.float64)
    wave = np.broadcast_to(127.5 + 100 * np.sin(2 * np.pi * columns / 16), (100, 200))
    pixels = np.repeat(wave.round().astype(np.uint8)[..., None], 3, axis=2)
    shifted = np.array([[1, 0, 10.5], [0, 1, 5], [0, 0, 1]], np.float64)
    frame = filmed(pixels, shifted[None], 1.0, 64)[0]
    wanted = 127.5 + 100 * np.sin(2 * np.pi * (np.arange(64) + 10.5) / 16)
    assert np.abs(frame[..., 0] - wanted).max() < 2.0


@pytest.mark.parametrize("size", [(128, 128), (130, 700), (500, 400)])
def test_the_view_never_leaves_the_photograph(size: tuple[int, int]) -> None:
    wild = MotionOptions(pan=20, zoom=0.05, rotation=3, perspective=0.02, jitter=2, reduction=4)
    for seed in range(170):
        for options in (MotionOptions(), wild):
            path = draw_path(np.random.default_rng(seed), options, 15, 128, size)
            seen = corners(path.homographies, 128)
            assert seen.min() >= -1e-6
            assert seen[..., 0].max() <= size[1] - 1 + 1e-6
            assert seen[..., 1].max() <= size[0] - 1 + 1e-6


def test_the_photograph_is_never_enlarged_and_never_reduced_too_far() -> None:
    for seed in range(100):
        path = draw_path(np.random.default_rng(seed), MotionOptions(), 15, 64, (400, 600))
        assert 1 <= path.reduction < 3.0 * 1.4
        spans = corners(path.homographies, 64)
        edges = np.linalg.norm(spans[:, [1, 3, 2, 3]] - spans[:, [0, 2, 0, 1]], axis=-1)
        assert edges.min() >= 63 - 1e-6


def test_paths_are_smooth() -> None:
    """Without the hand's unrest, the second differences of the corners stay far below a pixel."""
    options = MotionOptions(jitter=0)
    for seed in range(100):
        path = draw_path(np.random.default_rng(seed), options, 15, 256, (1500, 2000))
        bends = np.diff(corners(path.homographies, 256), n=2, axis=0)
        assert np.abs(bends).max() < 1.0


def test_paths_move() -> None:
    shifts = []
    for seed in range(200):
        path = draw_path(np.random.default_rng(seed), MotionOptions(jitter=0), 15, 64, (800, 800))
        steps = np.diff(corners(path.homographies, 64).mean(axis=1), axis=0)
        shifts.append(np.linalg.norm(steps, axis=1).mean() / path.reduction)
    assert 1.5 < np.mean(shifts) < 5.0


def test_a_checkerboard_seen_small_is_grey_and_not_a_moire() -> None:
    board = np.indices((600, 600)).sum(axis=0) % 2 * np.uint8(255)
    pixels = np.repeat(board.astype(np.uint8)[..., None], 3, axis=2)
    options = MotionOptions(reduction=4, rotation=1, zoom=0.002)
    checked = 0
    for seed in range(40):
        path = draw_path(np.random.default_rng(seed), options, 5, 128, (600, 600))
        if path.reduction > 2.2:
            frames = filmed(pixels, path.homographies, path.reduction, 128)[:, 4:-4, 4:-4]
            assert frames.astype(float).std() < 24
            checked += 1
    assert checked > 10


def test_a_photograph_is_a_clip(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), photo(300, 400))
    clip = PhotoClip(tmp_path / "a.png", MotionOptions(), PictureCache(1 << 20))
    one, two, other = (clip.take(np.random.default_rng(seed), 7, 128) for seed in (1, 1, 2))
    assert one.shape == (7, 128, 128, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
