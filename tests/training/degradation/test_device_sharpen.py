"""Unsharp masking on the device against the reference implementation's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import GOLDEN
from training.degradation.device.sharpen import sharpen_frames


def golden() -> tuple[torch.Tensor, torch.Tensor]:
    """A frame, 0-1, and the same sharpened, 0-255."""
    with np.load(GOLDEN / "unsharp.npz") as arrays:
        frame = torch.from_numpy(arrays["input_u8_hwc"]).movedim(-1, 0).float() / 255
        return frame[None], torch.from_numpy(arrays["unsharp_0_255"]).movedim(-1, 0)[None]


def test_golden_numbers() -> None:
    frame, expected = golden()
    before = frame.clone()
    torch.testing.assert_close(255 * sharpen_frames(frame), expected, rtol=0, atol=1e-3)
    assert torch.equal(frame, before)


def test_frames_are_sharpened_alone() -> None:
    frame, expected = golden()
    batch = sharpen_frames(torch.cat((frame, 1 - frame, frame)))
    torch.testing.assert_close(255 * batch[2:], expected, rtol=0, atol=1e-3)
    assert torch.equal(batch[0], batch[2])


def test_a_flat_frame_stays() -> None:
    frames = torch.full((1, 3, 20, 20), 0.3)
    torch.testing.assert_close(sharpen_frames(frames), frames, rtol=0, atol=1e-6)


@pytest.mark.gpu
def test_golden_numbers_on_cuda() -> None:
    frame, expected = golden()
    torch.testing.assert_close(255 * sharpen_frames(frame.cuda()).cpu(), expected, rtol=0, atol=1e-3)
