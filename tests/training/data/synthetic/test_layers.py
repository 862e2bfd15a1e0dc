"""Layers over a background: the right place, the right mixture, clean edges."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.synthetic.backgrounds import fixed
from training.data.synthetic.layers import FINE, Layer, composed, reduced
from training.data.synthetic.photos import Filmed


def grey(level: int, side: int = 24, count: int = 1) -> NDArray[np.uint8]:
    return np.full((count, side, side, 3), level, np.uint8)


def scaled(scale: float, x: float, y: float) -> NDArray[np.float64]:
    return np.array([[[scale, 0, x], [0, scale, y], [0, 0, 1]]], np.float64)


def opaque(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate((pixels, np.full((*pixels.shape[:2], 1), 255, np.uint8)), axis=2)


def test_a_layer_with_a_pixel_for_each_sample_is_averaged_over_each_pixel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12 * FINE, 12 * FINE, 3), dtype=np.uint8)
    place = scaled(1 / FINE, 5 + (1 / FINE - 1) / 2, 3 + (1 / FINE - 1) / 2)
    frame = composed(grey(100), [Layer(opaque(picture), place)])[0]
    wanted = picture.reshape(12, FINE, 12, FINE, 3).mean(axis=(1, 3))
    assert np.abs(frame[3:15, 5:17] - wanted).max() <= 1
    assert (frame[:3] == 100).all()
    assert (frame[15:] == 100).all()
    assert (frame[3:15, 17:] == 100).all()


@pytest.mark.parametrize("alpha", [0, 51, 128, 255])
def test_what_is_half_transparent_is_mixed_with_what_is_behind(alpha: int) -> None:
    colour = np.array([200, 100, 20])
    picture = np.empty((80, 80, 4), np.uint8)
    picture[..., :3] = np.round(colour * alpha / 255)
    picture[..., 3] = alpha
    frame = composed(grey(60), [Layer(picture, scaled(1 / FINE, -5, -5))])[0]
    assert np.abs(frame[12, 12] - (colour * alpha / 255 + 60 * (1 - alpha / 255))).max() <= 1


@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 0.75])
def test_an_edge_covers_the_part_of_a_pixel_that_it_should(part: float) -> None:
    """A white square with eight of its pixels for one of the frame, whose edge lies at 6 + part."""
    picture = np.full((64, 64, 4), 255, np.uint8)
    frame = composed(grey(0), [Layer(picture, scaled(1 / 8, 6 + part - 0.5 + 1 / 16, 4))])[0]
    row = frame[8, :, 0].astype(float) / 255
    assert np.abs(row[:6]).max() <= 0.15  # the reach of linear sampling
    assert abs(row[5:8].sum() - (2 - part)) < 0.02
    assert (row[8:13] == 1).all()


def test_later_layers_lie_on_top_and_the_background_is_not_changed() -> None:
    background = grey(0)
    red, blue = (opaque(np.full((64, 64, 3), colour, np.uint8)) for colour in ((255, 0, 0), (0, 0, 255)))
    frame = composed(background, [Layer(red, scaled(0.5, -4, -4)), Layer(blue, scaled(0.5, -4, -4))])[0]
    assert (frame[10, 10] == (0, 0, 255)).all()
    assert not background.any()


def test_what_is_outside_or_behind_the_camera_does_no_harm() -> None:
    picture = opaque(np.full((16, 16, 3), 255, np.uint8))
    outside = composed(grey(7), [Layer(picture, scaled(1, 500, 0)), Layer(picture, scaled(1, 0, -90))])
    assert (outside == 7).all()
    tilted = np.array([[[1.0, 0, 0], [0, 1, 0], [-0.1, 0, 1]]])
    assert composed(grey(7), [Layer(picture, tilted)]).shape == (1, 24, 24, 3)


def test_a_checkerboard_seen_small_is_grey() -> None:
    board = (np.indices((240, 240)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture = opaque(np.repeat(board[..., None], 3, axis=2))
    frame = composed(grey(0), [Layer(picture, scaled(1 / 9.3, -1, -1))])[0]
    assert frame[4:-4, 4:-4].astype(float).std() < 6


def test_a_smaller_copy_is_where_the_picture_was() -> None:
    """The middle of a corner pixel of the copy is the middle of the pixels that it is made of."""
    smaller, back = reduced(np.zeros((60, 90, 4), np.uint8), 3.0)
    assert smaller.shape == (20, 30, 4)
    np.testing.assert_allclose(back @ [0, 0, 1], [1, 1, 1])
    np.testing.assert_allclose(back @ [29, 19, 1], [88, 58, 1])


def test_what_is_fixed_to_the_background_stays_on_the_same_spot_of_it() -> None:
    rng = np.random.default_rng(0)
    cameras = np.eye(3) + rng.normal(0, [[0.05, 0.05, 9], [0.05, 0.05, 9], [1e-4, 1e-4, 0]], (5, 3, 3))
    moves = fixed(Filmed(grey(0, count=5), cameras))
    np.testing.assert_allclose(moves[2], np.eye(3), atol=1e-9)
    spots = cameras @ moves @ [10.0, 4.0, 1.0]
    np.testing.assert_allclose(spots, np.broadcast_to(spots[2], (5, 3)), atol=1e-9)
