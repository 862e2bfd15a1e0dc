"""Metrics with learned parameters, where those are at hand, against published figures."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.evaluate.conftest import ready
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.footage import read
from vsrealbasicvsr.evaluate.metrics.known import METRICS
from vsrealbasicvsr.evaluate.metrics.natural_scene import Fit
from vsrealbasicvsr.evaluate.metrics.vmaf import load_vmaf

NAMES = ("I03", "I04", "I06", "I08", "I19")
# pyiqa's official results for its calibration images, but VMAF and BRISQUE, which are our earlier program's.
# I19 has flat areas, whose noise of 1e-14 NIQE counts: our earlier program gave 8.99, mmagic's code 8.95.
PUBLISHED = {
    "lpips": ((0.7237, 0.2572, 0.0508, 0.0521, 0.4253), 0.0002),
    "dists": ((0.4742, 0.1424, 0.0682, 0.0287, 0.3123), 0.0002),
    "vmaf": ((0.0, 97.4, 97.4, 76.9, 46.2), 0.1),
    "niqe": ((15.61, 3.79, 3.19, 3.15, 8.99), 0.2),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_calibration_images_have_the_published_figures(name: str) -> None:
    images = importlib.util.find_spec("ResultsCalibra")
    if images is None or not images.submodule_search_locations:
        pytest.skip("no calibration images: pip install --no-deps --target DIR pyiqa==0.1.16; PYTHONPATH=DIR")
    folder = Path(next(iter(images.submodule_search_locations)))
    figures, tolerance = PUBLISHED[name]
    judge = ready(name)
    for image, figure in zip(NAMES, figures, strict=True):
        pair = (read(folder / kind / f"{image}.bmp") for kind in ("dist_dir", "ref_dir"))
        assert judge(*pair) == pytest.approx(figure, abs=tolerance), image


@pytest.mark.parametrize("name", ["lpips", "dists"])
def test_equal_clips_have_no_distance(name: str, truth: Tensor, spoilt: Tensor) -> None:
    judge = ready(name)
    one, other = truth[:1, :, :64, :64], spoilt[:1, :, :64, :64]
    assert judge(one, one) == pytest.approx(0, abs=1e-6)
    assert judge(other, one) > 0.01


@pytest.mark.parametrize("name", ["lpips", "dists", "brisque"])
def test_small_frames_have_no_figure(name: str, truth: Tensor) -> None:
    small = truth[:1, :, :12, :12]
    with pytest.raises(UnavailableError, match=r"smaller than|too small"):
        ready(name)(small, small)


def test_vmaf_of_equal_clips_is_high_and_falls_with_damage(truth: Tensor, spoilt: Tensor) -> None:
    vmaf = load_vmaf()
    assert vmaf(truth, truth) > 95
    assert vmaf(spoilt, truth) < vmaf(truth, truth) - 10
    odd = truth[..., :-1, :-1]
    assert vmaf(odd, odd) > 95


def test_niqe_needs_two_blocks(truth: Tensor) -> None:
    niqe = ready("niqe")
    with pytest.raises(UnavailableError, match="two blocks"):
        niqe(truth[:1, :, :100, :100], None)


def test_brisque_of_a_flat_frame_is_no_figure() -> None:
    with pytest.raises(UnavailableError, match="texture"):
        ready("brisque")(torch.full((1, 3, 32, 32), 90, dtype=torch.uint8), None)


def test_noise_makes_brisque_worse(truth: Tensor, spoilt: Tensor) -> None:
    brisque = ready("brisque")
    assert brisque(spoilt[:1], None) > brisque(truth[:1], None)


def test_a_fit_finds_shape_and_scales() -> None:
    normal = torch.randn(200_000, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    skewed = torch.where(normal < 0, normal, 2 * normal)
    fit = Fit()(skewed)
    # Halves drawn alike often, so the narrow one is as heavy as the wide one: the shape is near a Gaussian's.
    assert fit.shape == pytest.approx(2, abs=0.3)
    assert fit.right / fit.left == pytest.approx(2, abs=0.05)
    assert Fit()(normal).shape == pytest.approx(2, abs=0.05)
    assert Fit()(normal).left == pytest.approx(2**0.5, abs=0.05)


@pytest.mark.parametrize("name", ["nrqm", "pi"])
def test_what_no_registry_has_says_so(name: str) -> None:
    with pytest.raises(UnavailableError, match=r"registry|NRQM"):
        next(metric for metric in METRICS if metric.name == name).load("cpu")
