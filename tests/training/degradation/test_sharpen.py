"""The unsharp mask against the reference's result (specification, section 7.6)."""

from __future__ import annotations

import numpy as np

from tests.conftest import GOLDEN
from training.degradation.sharpen import sharpen


def test_it_equals_the_reference() -> None:
    golden = np.load(GOLDEN / "unsharp.npz")
    made = sharpen(golden["input_u8_hwc"].astype(np.float32) / np.float32(255))
    np.testing.assert_allclose(255 * made, golden["unsharp_0_255"], atol=2e-3)


def test_small_differences_are_left_alone() -> None:
    frame = np.full((64, 64, 3), 0.5, np.float32)
    frame[::2] += 9 / 255
    assert np.array_equal(sharpen(frame), frame)


def test_an_edge_becomes_steeper_and_stays_in_range() -> None:
    frame = np.full((64, 64, 3), 0.1, np.float32)
    frame[:, 32:] = 0.95
    made = sharpen(frame)
    assert made[32, 32, 0] > frame[32, 32, 0]
    assert made[32, 31, 0] < frame[32, 31, 0]
    assert made.min() >= 0
    assert made.max() <= 1
