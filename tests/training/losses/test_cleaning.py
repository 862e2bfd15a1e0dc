"""The cleaning loss's target."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import GOLDEN
from tests.training.losses.inputs import expected, picture
from training.losses.cleaning import cleaning_target
from training.losses.pixel import l1


def test_the_target_is_the_references() -> None:
    with np.load(GOLDEN / "losses.npz") as file:
        area = file["area"]
    np.testing.assert_allclose(cleaning_target(picture("gt"))[0], area, atol=1e-6)


def test_the_loss_is_the_references() -> None:
    loss = l1(picture("lq"), cleaning_target(picture("gt")))
    assert loss.item() == pytest.approx(expected("loss_clean"), abs=1e-6)


def test_every_pixel_is_the_mean_of_its_block() -> None:
    truth = torch.rand(2, 3, 3, 12, 20)
    blocks = truth.numpy().reshape(2, 3, 3, 3, 4, 5, 4).mean((4, 6))
    np.testing.assert_allclose(cleaning_target(truth), blocks, atol=1e-6)


def test_half_precision_frames_are_averaged_in_float32() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        target = cleaning_target(torch.rand(1, 2, 3, 8, 8).bfloat16())
    assert target.dtype == torch.float32
