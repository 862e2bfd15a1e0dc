"""Colour with fewer pixels, against means, shifts and swscale."""

from __future__ import annotations

import math

import av
import numpy as np
import pytest
import torch
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from torch import Tensor

from tests.training.degradation.old.pictures import brightness, colour, noise
from training.degradation.old.chroma import thin_colour
from training.degradation.old.parameters import Chroma, Ratio

STEPS: dict[Ratio, tuple[int, int]] = {"4:2:0": (2, 2), "4:1:1": (1, 4), "4:1:0": (4, 4)}


def thin(ratio: Ratio, x: float = 0.0, y: float = 0.0, bleed: float = 0.0, frames: int = 2) -> Chroma:
    return Chroma(ratio, (x,) * frames, (y,) * frames, (bleed,) * frames)


@pytest.mark.parametrize("ratio", STEPS)
def test_the_brightness_stays_and_grey_stays_grey(ratio: Ratio) -> None:
    frames = noise()
    made = thin_colour(frames, thin(ratio, 1.5, -0.5, 2.0), [0, 1])
    torch.testing.assert_close(brightness(made), brightness(frames), rtol=0, atol=1e-5)
    grey = frames[:, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(thin_colour(grey, thin(ratio, 1.5), [0, 1]), grey, rtol=0, atol=1e-5)


@pytest.mark.parametrize("ratio", STEPS)
@pytest.mark.parametrize("size", [(40, 48), (41, 50), (2, 3)])
def test_colour_is_the_interpolated_mean_of_blocks(ratio: Ratio, size: tuple[int, int]) -> None:
    frames = noise(1, *size)
    made = colour(thin_colour(frames, thin(ratio), [0]))[0]
    down, across = STEPS[ratio]
    plane = colour(frames)[0].numpy()
    for part, found in zip(plane, made, strict=True):
        rows = np.array([enlarged(row, across) for row in means(part, down, across)])
        expected = np.array([enlarged(line, down)[: size[0]] for line in rows.T]).T[:, : size[1]]
        assert np.abs(found.numpy() - expected).max() < 1e-5


def means(plane: NDArray[np.float64], down: int, across: int) -> NDArray[np.float64]:
    """Of blocks, those at the border smaller."""
    rows = range(0, plane.shape[0], down)
    columns = range(0, plane.shape[1], across)
    return np.array([[plane[i : i + down, j : j + across].mean() for j in columns] for i in rows])


def enlarged(line: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Linear, pixel centres aligned."""
    places = (np.arange(len(line) * step) + 0.5) / step - 0.5
    return np.interp(places, np.arange(len(line)), line)


def test_colour_moves_by_the_shift_to_the_right_and_down() -> None:
    frames = noise()
    still = colour(thin_colour(frames, thin("4:1:0"), [0, 1]))
    moved = colour(thin_colour(frames, thin("4:1:0", 3.0, -2.0), [0, 1]))
    torch.testing.assert_close(moved[..., :-6, 8:], still[..., 2:-4, 5:-3], rtol=0, atol=1e-5)


def test_bleeding_is_a_gaussian_along_the_lines() -> None:
    """A red line of one pixel becomes a bell; linear interpolation and means of four widen it a little."""
    frames = torch.full((1, 3, 16, 96), 0.5)
    frames[:, 0, :, 48] += 0.4
    made = colour(thin_colour(frames, thin("4:1:1", bleed=3.0), [0]))[0, 1, 8]
    places = torch.arange(96) + 0.0
    centre = float((made * places).sum() / made.sum())
    variance = float((made * (places - centre) ** 2).sum() / made.sum())
    assert math.sqrt(variance) == pytest.approx(math.sqrt(9 + (4**2 - 1) / 12 + 4**2 / 6), abs=0.35)


@pytest.mark.parametrize(
    ("ratio", "pixels"), [("4:2:0", "yuv420p"), ("4:1:1", "yuv411p"), ("4:1:0", "yuv410p")]
)
def test_thinned_colour_is_near_swscales(ratio: Ratio, pixels: str) -> None:
    """swscale takes other means; that is nearer than colour that was not thinned, or that was moved."""
    coarse = torch.nn.functional.interpolate(noise(1, 16, 20), (128, 160), mode="bicubic").clamp(0, 1)
    rgb = (coarse[0] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    thinned = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixels)
    whole = thinned.reformat(format="yuv444p", interpolation=Interpolation.BILINEAR)
    found = torch.from_numpy(whole.reformat(format="rgb24").to_ndarray())
    theirs = colour(found.permute(2, 0, 1)[None] / 255)

    def error(frames: Tensor) -> float:
        return float((colour(frames) - theirs).square().mean())

    ours = error(thin_colour(coarse, thin(ratio), [0]))
    assert ours < 0.5 * error(coarse)
    for shift in (-1.0, 1.0):
        assert ours < error(thin_colour(coarse, thin(ratio, shift), [0]))
