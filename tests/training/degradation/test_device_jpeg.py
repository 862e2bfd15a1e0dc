"""JPEG on the device against OpenCV's own libjpeg-turbo: the same 8-bit values."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.device.jpeg import compress_frames
from training.degradation.parameters import Jpeg


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Three real pictures with noise beyond black and white: (3, 3, 144, 256)."""
    clip = decode_rgb(EXAMPLE_CLIP, 36)[::12]
    return clip + 0.08 * torch.randn(clip.shape, generator=torch.Generator().manual_seed(0))


def by_opencv(frames: torch.Tensor, qualities: tuple[int, ...], swapped: bool = False) -> torch.Tensor:
    """0-255."""
    decoded = []
    for frame, quality in zip((frames * 255).round().clamp(0, 255).byte(), qualities, strict=True):
        picture = frame.permute(1, 2, 0).numpy()
        encoder_order = picture if swapped else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, stream = cv2.imencode(".jpg", encoder_order, [cv2.IMWRITE_JPEG_QUALITY, quality])
        back = cv2.imdecode(stream, cv2.IMREAD_COLOR)
        decoded.append(back if swapped else cv2.cvtColor(back, cv2.COLOR_BGR2RGB))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 75, 95, 100])
def test_values_are_libjpegs(pictures: torch.Tensor, quality: int) -> None:
    done = compress_frames(pictures, Jpeg((quality,) * 3), range(3)) * 255
    assert torch.equal(done.round(), by_opencv(pictures, (quality,) * 3))
    torch.testing.assert_close(done, done.round(), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "size", [(2, 2), (3, 4), (7, 5), (6, 1), (1, 6), (15, 17), (16, 16), (37, 53), (38, 40)]
)
def test_sizes_that_are_no_multiple_of_a_block(pictures: torch.Tensor, size: tuple[int, int]) -> None:
    corner = pictures[:, :, 50 : 50 + size[0], 90 : 90 + size[1]]
    done = compress_frames(corner, Jpeg((40, 60, 80)), range(3)) * 255
    assert torch.equal(done.round(), by_opencv(corner, (40, 60, 80)))


def test_saturated_noise(pictures: torch.Tensor) -> None:
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(1))
    done = compress_frames(noise, Jpeg((5, 50, 95)), range(3)) * 255
    assert torch.equal(done.round(), by_opencv(noise, (5, 50, 95)))


def test_quality_belongs_to_the_frames_number(pictures: torch.Tensor) -> None:
    done = compress_frames(pictures, Jpeg((95, 30, 60, 80)), [3, 1, 2]) * 255
    assert torch.equal(done.round(), by_opencv(pictures, (80, 30, 60)))


def test_swapped_exchanges_red_and_blue_in_the_encoder(pictures: torch.Tensor) -> None:
    done = compress_frames(pictures, Jpeg((40, 40, 40), swapped=True), range(3)) * 255
    assert torch.equal(done.round(), by_opencv(pictures, (40, 40, 40), swapped=True))


def test_frames_are_left_as_they_are(pictures: torch.Tensor) -> None:
    before = pictures.clone()
    compress_frames(pictures, Jpeg((40, 40, 40), swapped=True), range(3))
    assert torch.equal(pictures, before)


@pytest.mark.gpu
def test_cuda_gives_the_same_values(pictures: torch.Tensor) -> None:
    done = compress_frames(pictures.cuda(), Jpeg((30, 60, 90)), range(3)).cpu() * 255
    assert torch.equal(done.round(), by_opencv(pictures, (30, 60, 90)))
