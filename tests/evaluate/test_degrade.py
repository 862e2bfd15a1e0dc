"""The recipes give the same clips every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vsrealbasicvsr.evaluate.degrade.apply import degrade
from vsrealbasicvsr.evaluate.degrade.codec import Frame
from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES, Recipe
from vsrealbasicvsr.evaluate.filters import averaged, blurred, reduced
from vsrealbasicvsr.video.colour.resample import resample


@pytest.fixture(scope="module")
def frames(truth: Tensor) -> list[Frame]:
    return [frame.permute(1, 2, 0).contiguous().numpy() for frame in truth[:, :, :96, :128]]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_gives_the_same_clip_every_time(recipe: Recipe, frames: list[Frame]) -> None:
    first = degrade(frames, recipe)
    assert [frame.shape for frame in first] == [(24, 32, 3)] * len(frames)
    for _ in range(3):
        assert all(np.array_equal(a, b) for a, b in zip(degrade(frames, recipe), first, strict=True))


def test_recipes_are_harsher_one_by_one(frames: list[Frame]) -> None:
    clean, *rest = (np.stack(degrade(frames, recipe)).astype(float) for recipe in RECIPES)
    errors = [np.abs(one - clean).mean() for one in rest]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_the_recipes_are_these() -> None:
    assert [recipe.name for recipe in RECIPES] == ["bicubic", "mild", "medium", "heavy"]
    numbers = [repr(recipe.spoiling) for recipe in RECIPES[1:]]
    assert numbers == [
        "Spoiling(first_blur=0.8, first_noise=2.0, jpeg=3, second_blur=0.4, second_noise=1.0, crf=23, "
        "preset='medium')",
        "Spoiling(first_blur=1.6, first_noise=6.0, jpeg=5, second_blur=0.8, second_noise=3.0, crf=28, "
        "preset='medium')",
        "Spoiling(first_blur=2.4, first_noise=12.0, jpeg=9, second_blur=1.0, second_noise=4.0, crf=34, "
        "preset='veryfast')",
    ]


def test_reduction_is_zimgs_bicubic(truth: Tensor) -> None:
    picture = truth[0, :, :96, :128].float()
    ours = reduced(picture.double().permute(1, 2, 0).numpy(), 4)
    theirs = resample(picture, (24, 32), kernel="bicubic").permute(1, 2, 0)
    assert torch.allclose(torch.from_numpy(ours), theirs.double(), atol=1e-3)


def test_filters_keep_the_mean_of_a_flat_picture_and_the_place_of_a_ramp() -> None:
    flat = np.full((16, 24, 3), 77.0)
    for result in (blurred(flat, 1.6), averaged(flat), reduced(flat, 4)):
        assert np.allclose(result, 77)
    ramp = np.broadcast_to(np.arange(24.0)[None, :, None], (16, 24, 3)).copy()
    assert np.allclose(averaged(ramp)[0, :, 0], np.arange(12) * 2 + 0.5)
    assert np.allclose(reduced(ramp, 2)[0, 3:9, 0], np.arange(3, 9) * 2 + 0.5)
    assert np.allclose(blurred(ramp, 1.0)[0, 6:18, 0], np.arange(6, 18))
