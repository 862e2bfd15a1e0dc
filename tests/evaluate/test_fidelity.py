"""PSNR against ffmpeg, SSIM against its formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from tests.training.test_metrics import plain_ssim
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.fidelity import HIGHEST_PSNR, of_channels, psnr, rgb, ssim
from vsrealbasicvsr.evaluate.metrics.luma import luma
from vsrealbasicvsr.evaluate.metrics.metric import over_pairs

LUMA = np.array([65.481, 128.553, 24.966])


def test_psnr_of_rgb_is_ffmpegs(
    truth: Tensor, spoilt: Tensor, ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    sources: list[str | Path] = []
    for number, frames in enumerate((spoilt, truth)):
        path = tmp_path / f"{number}.rgb"
        path.write_bytes(frames.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
        size = f"{frames.shape[-1]}x{frames.shape[-2]}"
        sources += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-i", path]
    log = tmp_path / "log"
    graph = f"[0]format=gbrp[a];[1]format=gbrp[b];[a][b]psnr=stats_file={log}"
    ffmpeg(*sources, "-lavfi", graph, "-f", "null", "-")
    theirs = [float(value) for value in re.findall(r"psnr_avg:([\d.]+)", log.read_text())]
    assert len(theirs) == 3
    assert over_pairs(of_channels(psnr, rgb))(spoilt, truth) == pytest.approx(np.mean(theirs), abs=0.006)


def test_psnr_of_luma_is_its_formula(truth: Tensor, spoilt: Tensor) -> None:
    planes = [(frames.numpy().transpose(0, 2, 3, 1) / 255) @ LUMA for frames in (spoilt, truth)]
    errors = ((planes[0] - planes[1]) ** 2).mean((1, 2))
    assert over_pairs(of_channels(psnr, luma))(spoilt, truth) == pytest.approx(
        np.mean(10 * np.log10(255**2 / errors)), abs=1e-9
    )


def test_luma_is_of_limited_range() -> None:
    black_white = np.array([0, 255], np.uint8)[:, None, None, None].repeat(3, 1)
    assert luma(Tensor(black_white).byte()).flatten().tolist() == pytest.approx([16, 235])


@pytest.mark.parametrize("channels", [rgb, luma])
def test_equal_clips_have_the_highest_psnr(truth: Tensor, channels: Callable[[Tensor], Tensor]) -> None:
    assert over_pairs(of_channels(psnr, channels))(truth, truth) == HIGHEST_PSNR


@pytest.mark.parametrize("channels", [rgb, luma])
def test_ssim_is_its_formula(truth: Tensor, spoilt: Tensor, channels: Callable[[Tensor], Tensor]) -> None:
    pair = [channels(frames[0, :, 40:62, 60:90]) for frames in (spoilt, truth)]
    planes = zip(*(frame.numpy() for frame in pair), strict=True)
    assert ssim(*pair) == pytest.approx(np.mean([plain_ssim(*plane) for plane in planes]), abs=1e-9)


def test_equal_frames_have_an_ssim_of_1(truth: Tensor) -> None:
    assert ssim(rgb(truth[0]), rgb(truth[0])) == pytest.approx(1)
    with pytest.raises(UnavailableError, match="11x11"):
        ssim(rgb(truth[0, :, :8]), rgb(truth[0, :, :8]))
