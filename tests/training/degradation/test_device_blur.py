"""Correlation on the device against OpenCV's filter2D."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from training.degradation.device.blur import blur_frames, correlate
from training.degradation.kernels import kernel
from training.degradation.parameters import Blur

SIZES = [(64, 48), (33, 70), (11, 10), (5, 3), (2, 2), (1, 7), (1, 1)]


def random_frames(height: int, width: int, frames: int = 2) -> torch.Tensor:
    return torch.rand(frames, 3, height, width, generator=torch.Generator().manual_seed(height * width))


def filtered(frames: torch.Tensor, kernels: np.ndarray) -> torch.Tensor:
    pictures = frames.permute(0, 2, 3, 1).contiguous().numpy()
    done = [cv2.filter2D(picture, -1, weights) for picture, weights in zip(pictures, kernels, strict=True)]
    return torch.from_numpy(np.stack(done).reshape(pictures.shape)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("side", [1, 7, 21, 51])
@pytest.mark.parametrize("size", SIZES)
def test_correlation_and_border_are_opencvs(size: tuple[int, int], side: int) -> None:
    frames = random_frames(*size)
    kernels = np.random.default_rng(side).uniform(-0.2, 1, (2, side, side))
    kernels /= kernels.sum((1, 2), keepdims=True)
    torch.testing.assert_close(correlate(frames, kernels), filtered(frames, kernels), rtol=0, atol=3e-6)


def test_each_frame_gets_the_kernel_of_its_number() -> None:
    frames = random_frames(40, 30, frames=3)
    walk = (0.5, 1.5, 2.5, 3.0, 0.8)
    blur = Blur("aniso", 13, walk, walk[::-1], walk, (1.0,) * 5, (1.0,) * 5)
    numbers = [4, 0, 2]
    expected = filtered(frames, np.stack([kernel(blur, number) for number in numbers]))
    torch.testing.assert_close(blur_frames(frames, blur, numbers), expected, rtol=0, atol=2e-6)


def test_a_kernel_is_not_mirrored() -> None:
    frames = torch.zeros(1, 3, 9, 9)
    frames[:, :, 4, 4] = 1
    kernels = np.arange(9.0).reshape(1, 3, 3)
    expected = torch.from_numpy(kernels[0, ::-1, ::-1].copy()).float()
    torch.testing.assert_close(correlate(frames, kernels)[0, 0, 3:6, 3:6], expected, rtol=0, atol=1e-5)


@pytest.mark.gpu
def test_cuda_equals_opencv() -> None:
    frames = random_frames(90, 71)
    kernels = np.random.default_rng(0).random((2, 21, 21))
    kernels /= kernels.sum((1, 2), keepdims=True)
    done = correlate(frames.cuda(), kernels).cpu()
    torch.testing.assert_close(done, filtered(frames, kernels), rtol=0, atol=3e-6)
