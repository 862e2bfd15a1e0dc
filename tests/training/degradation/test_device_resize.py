"""Resizing on the device against OpenCV's, for every filter and awkward sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.degradation.device.resize import resize_frames
from training.degradation.parameters import Filter

FLAGS = {"area": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
SIZES = [
    *(((64, 64), (32, 32)), ((64, 64), (16, 16)), ((64, 64), (48, 40)), ((64, 64), (90, 96))),
    *(((64, 64), (64, 90)), ((64, 64), (32, 90)), ((64, 64), (64, 64)), ((256, 256), (38, 40))),
    *(((35, 46), (45, 78)), ((50, 70), (49, 71)), ((5, 7), (2, 2)), ((2, 2), (20, 30)), ((1, 1), (4, 4))),
]


def agrees_with_opencv(kind: Filter, old: tuple[int, int], new: tuple[int, int], device: str = "cpu") -> None:
    frames = torch.rand(2, 3, *old, generator=torch.Generator().manual_seed(old[0] * new[1]))
    pictures = frames.permute(0, 2, 3, 1).contiguous().numpy()
    done = [cv2.resize(picture, new[::-1], interpolation=FLAGS[kind]) for picture in pictures]
    expected = torch.from_numpy(np.stack(done)).permute(0, 3, 1, 2)
    resized = resize_frames(frames.to(device), kind, *new)
    assert resized.device.type == device
    torch.testing.assert_close(resized.cpu(), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", list(FLAGS))
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_filters_are_opencvs(kind: Filter, old: tuple[int, int], new: tuple[int, int]) -> None:
    agrees_with_opencv(kind, old, new)


@given(
    kind=st.sampled_from(list(FLAGS)),
    old=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    new=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_size_to_any_size(kind: Filter, old: tuple[int, int], new: tuple[int, int]) -> None:
    agrees_with_opencv(kind, old, new)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", list(FLAGS))
def test_cuda_equals_opencv(kind: Filter) -> None:
    agrees_with_opencv(kind, (90, 64), (50, 80), "cuda")
    agrees_with_opencv(kind, (90, 64), (36, 30), "cuda")
