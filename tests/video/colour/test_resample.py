from __future__ import annotations

import numpy as np
import pytest
import torch
import vapoursynth as vs

from tests.video import zimg
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.resample import resample, resize_picture

NOISE = np.random.default_rng(7)

CASES = [
    pytest.param((20, 30), (40, 60), {}, id="twice"),
    pytest.param((24, 40), (96, 160), {}, id="four times"),
    pytest.param((40, 60), (20, 30), {}, id="half"),
    pytest.param((33, 57), (20, 21), {}, id="odd, down"),
    pytest.param((33, 57), (77, 131), {}, id="odd, up"),
    pytest.param((33, 57), (77, 21), {}, id="taller and narrower"),
    pytest.param((33, 57), (33, 21), {}, id="one axis"),
    pytest.param((130, 300), (87, 199), {}, id="many blocks"),
    pytest.param((3, 5), (12, 20), {}, id="smaller than the kernel"),
    pytest.param((64, 64), (3, 5), {}, id="kernel wider than the picture"),
    pytest.param((1, 1), (4, 3), {}, id="one pixel, up"),
    pytest.param((4, 3), (1, 1), {}, id="down to one pixel"),
    pytest.param((33, 57), (33, 57), {"src_left": 0.25}, id="shifted only"),
    pytest.param((33, 57), (66, 114), {"src_top": -0.25, "src_left": 0.375}, id="shifted up"),
    pytest.param((40, 60), (20, 30), {"src_top": 0.5, "src_left": -0.5}, id="shifted down"),
    pytest.param((33, 57), (34, 58), {"src_height": 17.0, "src_width": 29.5}, id="a part"),
    pytest.param((33, 57), (17, 29), {"src_height": 34.0, "src_width": 58.0}, id="more than the whole"),
]


@pytest.mark.parametrize("kernel", zimg.KERNELS)
@pytest.mark.parametrize(("shape", "size", "window"), CASES)
def test_equals_zimg(kernel, shape, size, window) -> None:
    image = NOISE.random(shape, dtype=np.float32)
    source = (window["src_height"], window["src_width"]) if "src_height" in window else None
    ours = resample(
        torch.from_numpy(image),
        size,
        kernel=kernel,
        shift=(window.get("src_top", 0.0), window.get("src_left", 0.0)),
        source=source,
    )
    assert ours.shape == size
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours.numpy(), zimg.resize(image, size, kernel, **window), atol=3e-6)


def test_leading_dimensions_are_independent_pictures() -> None:
    images = torch.rand(2, 3, 9, 14)
    together = resample(images, (18, 7))
    assert together.shape == (2, 3, 18, 7)
    torch.testing.assert_close(together[1, 2], resample(images[1, 2], (18, 7)))


def test_nothing_to_do_returns_the_image_itself() -> None:
    image = torch.rand(3, 8, 9)
    assert resample(image, (8, 9)) is image


@pytest.mark.parametrize("kernel", zimg.KERNELS)
def test_a_flat_picture_stays_flat(kernel) -> None:
    flat = torch.full((1, 37, 53), 0.7)
    for size in ((18, 26), (148, 212), (1, 1)):
        torch.testing.assert_close(resample(flat, size, kernel=kernel), torch.full((1, *size), 0.7))


@pytest.mark.parametrize(
    ("transfer", "name"), [(1, "709"), (6, "601"), (13, "srgb"), (4, "470m"), (5, "470bg"), (14, "2020_10")]
)
def test_linear_light_equals_zimg(transfer, name) -> None:
    rgb = 0.2 + 0.6 * NOISE.random((3, 24, 36), dtype=np.float32)
    clip = zimg.clip_of(list(rgb), vs.core.get_video_format(vs.RGBS))
    curve = {"approximate_gamma": False, "transfer_in_s": name, "transfer_s": "linear"}
    small = vs.core.resize.Spline36(vs.core.resize.Bicubic(clip, **curve), 18, 12)
    curve |= {"transfer_in_s": "linear", "transfer_s": name}
    expected = np.stack(zimg.planes_of(vs.core.resize.Bicubic(small, **curve)))
    ours = resize_picture(torch.from_numpy(rgb), (12, 18), light="linear", transfer=transfer)
    np.testing.assert_allclose(ours.numpy(), expected.clip(0, 1), atol=2e-5)


def test_linear_light_averages_light_and_gamma_light_code_values() -> None:
    stripes = torch.zeros(3, 64, 64)
    stripes[:, :, ::2] = 1.0
    middle = (slice(None), slice(4, 12), slice(4, 12))
    linear = resize_picture(stripes, (16, 16), kernel="bilinear", light="linear", transfer=1)[middle]
    gamma = resize_picture(stripes, (16, 16), kernel="bilinear")[middle]
    torch.testing.assert_close(linear, torch.full_like(linear, 0.5 ** (1 / 2.4)), atol=1e-5, rtol=0)
    torch.testing.assert_close(gamma, torch.full_like(gamma, 0.5), atol=1e-5, rtol=0)


def test_pictures_come_back_clamped() -> None:
    edge = torch.zeros(3, 8, 8)
    edge[:, :, 4:] = 1.0
    for light in ("gamma", "linear"):
        out = resize_picture(edge, (32, 32), kernel="lanczos", light=light, transfer=1)
        assert out.min() == 0
        assert out.max() == 1


@pytest.mark.parametrize("transfer", [1, 4, 5, 7, 8, 13, 16, 18])
def test_linear_light_keeps_a_picture_that_is_flat(transfer) -> None:
    for value in (0.0, 0.02, 0.3, 0.5, 0.9, 1.0):
        out = resize_picture(torch.full((3, 5, 7), value), (10, 3), light="linear", transfer=transfer)
        torch.testing.assert_close(out, torch.full((3, 10, 3), value), atol=1e-4, rtol=0)


def test_an_unknown_transfer_is_refused_in_one_sentence() -> None:
    with pytest.raises(VideoError, match="use gamma light"):
        resize_picture(torch.rand(3, 4, 4), (8, 8), light="linear", transfer=9)
    resize_picture(torch.rand(3, 4, 4), (8, 8), light="gamma", transfer=9)
