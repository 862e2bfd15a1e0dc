"""Losses between pictures, by hand and by golden numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.training.losses.inputs import expected, picture
from training.losses.pixel import charbonnier, l1, pixel_loss, temporal_loss


def test_l1_is_the_references() -> None:
    assert l1(picture("sr"), picture("gt")).item() == pytest.approx(expected("loss_pix"), abs=1e-6)


def test_charbonnier_is_its_formula() -> None:
    first, second = torch.tensor([0.0, 1.0, 0.5]), torch.tensor([0.0, 0.75, 0.9])
    wanted = (math.sqrt(0.01) + math.sqrt(0.0625 + 0.01) + math.sqrt(0.16 + 0.01)) / 3
    assert charbonnier(first, second, epsilon=0.01).item() == pytest.approx(wanted, rel=1e-6)


def test_charbonnier_has_a_gradient_where_pictures_are_equal() -> None:
    prediction = torch.full((4,), 0.5, requires_grad=True)
    charbonnier(prediction, torch.full((4,), 0.5)).backward()
    assert torch.equal(prediction.grad, torch.zeros(4))


def test_charbonnier_nears_l1_for_large_differences() -> None:
    assert charbonnier(picture("sr"), picture("gt")).item() == pytest.approx(expected("loss_pix"), abs=1e-5)


def test_the_kind_chooses_the_loss() -> None:
    first, second = torch.zeros(3), torch.full((3,), 1e-6)
    assert pixel_loss("l1", first, second).item() == pytest.approx(1e-6)
    assert pixel_loss("charbonnier", first, second).item() == pytest.approx(math.sqrt(2) * 1e-6)


@pytest.mark.parametrize("kind", ["l1", "charbonnier"])
def test_half_precision_pictures_are_compared_in_float32(kind: str) -> None:
    first, second = torch.rand(1, 3, 8, 8).bfloat16(), torch.rand(1, 3, 8, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = pixel_loss(kind, first, second)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx((first.double() - second.double()).abs().mean().item(), rel=1e-5)


def test_the_temporal_loss_compares_changes_and_not_frames() -> None:
    random = np.random.default_rng(0)
    one, other = random.random((2, 4, 3, 5, 6)), random.random((2, 4, 3, 5, 6))
    wanted = np.abs(np.diff(one, axis=1) - np.diff(other, axis=1)).mean()
    restored, target = torch.from_numpy(one), torch.from_numpy(other)
    assert temporal_loss(restored, target).item() == pytest.approx(wanted, rel=1e-5)
    assert temporal_loss(restored, restored + 0.3).item() == pytest.approx(0.0, abs=1e-6)
