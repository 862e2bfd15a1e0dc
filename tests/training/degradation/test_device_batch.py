"""Whole chains on the device against the CPU's, which go through OpenCV."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.apply import apply
from training.degradation.device import degrade_batch
from training.degradation.options import DegradationOptions
from training.degradation.parameters import (
    Blur,
    Compression,
    Filter,
    Jpeg,
    Noise,
    Operation,
    Parameters,
    Resize,
    ResizeTo,
)
from training.degradation.sample import Degradation
from training.errors import TrainingError

FRAMES = 5
WALK = (0.8, 0.86, 0.9, 0.7, 0.66)


def blur(kind: str = "aniso", size: int = 13) -> Blur:
    one = (1.0,) * FRAMES
    return Blur(kind, size, (0.6, 1.2, 1.8, 2.4, 3.0), one, WALK, one, (2.0, 2.1, 2.2, 2.3, 2.4))  # type: ignore[arg-type] # a text of parametrize


def noise(kind: str = "gaussian", grey: bool = False, strength: float = 8.0) -> Noise:
    return Noise(kind, grey, (strength,) * FRAMES, seed=11)  # type: ignore[arg-type] # a text of parametrize


def chain(*operations: Operation, filter: Filter = "area") -> Parameters:
    return Parameters(FRAMES, (*operations, ResizeTo(filter, 20, 24)))


@pytest.fixture(scope="module")
def truths() -> torch.Tensor:
    """Two clips of real pictures: (2, 5, 3, 80, 96)."""
    clip = decode_rgb(EXAMPLE_CLIP, 10)[:, :, 40:120, 100:196]
    return clip.view(2, FRAMES, 3, 80, 96)


def by_cpu(truth: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    frames = truth.permute(0, 2, 3, 1).contiguous().numpy()
    return torch.from_numpy(apply(frames, parameters)).permute(0, 3, 1, 2)


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    error = float((one.double() - other.double()).square().mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


CHAINS = {
    "blur": chain(blur()),
    "sinc": chain(blur("sinc", 21)),
    "walking sizes": chain(Resize("bicubic", WALK), blur(), filter="bilinear"),
    "walking across one": chain(Resize("area", (0.94, 1.0, 1.04, 1.1, 0.97)), Resize("bilinear", WALK)),
    "gaussian": chain(noise()),
    "poisson": chain(Resize("bilinear", WALK), noise("poisson", True, 0.6), filter="bicubic"),
    "jpeg": chain(blur(), Jpeg((30, 50, 70, 90, 40)), filter="bicubic"),
    "everything": chain(
        *(blur("plateau_aniso", 9), Resize("area", WALK), noise(), Jpeg((40, 60, 70, 80, 50))),
        *(ResizeTo("bicubic", 60, 50), blur("iso", 7), noise("poisson", False, 0.3)),
        *(Jpeg((95, 90, 85, 80, 75), swapped=True), ResizeTo("bilinear", 20, 24), blur("sinc", 7)),
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_without_compression_are_those_of_the_cpu(truths: torch.Tensor, name: str) -> None:
    done = degrade_batch(truths, [CHAINS[name]] * 2)
    assert done.dtype == torch.uint8
    assert done.shape == (2, FRAMES, 3, 20, 24)
    for truth, clip in zip(truths, done, strict=True):
        difference = (clip.float() - by_cpu(truth, CHAINS[name]).float()).abs()
        assert float(difference.mean()) < 0.6
        assert float((difference <= 4).float().mean()) > 0.99


@pytest.mark.parametrize("quirks", [False, True])
def test_drawn_chains_are_those_of_the_cpu(truths: torch.Tensor, quirks: bool) -> None:
    degradation = Degradation(DegradationOptions(released_quirks=quirks), 20, 24)
    for seed in range(8):
        drawn = degradation.sample(np.random.default_rng(seed), FRAMES)
        still = tuple(operation for operation in drawn.operations if not isinstance(operation, Compression))
        done = degrade_batch(truths[:1], [Parameters(FRAMES, still)])[0]
        difference = (done.float() - by_cpu(truths[0], Parameters(FRAMES, still)).float()).abs()
        assert float(difference.mean()) < 0.6
        assert float((difference <= 4).float().mean()) > 0.99
        assert psnr(degrade_batch(truths[:1], [drawn])[0], by_cpu(truths[0], drawn)) > 35


@pytest.mark.parametrize("wraps", [False, True])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_compressed_chains_resemble_those_of_the_cpu(truths: torch.Tensor, codec: str, wraps: bool) -> None:
    compression = Compression(codec, 60_000, wraps)  # type: ignore[arg-type] # a text of parametrize
    parameters = chain(Resize("bilinear", WALK), noise(strength=2.0), compression, blur(), compression)
    done = degrade_batch(truths, [parameters] * 2)
    assert psnr(done[0], by_cpu(truths[0], parameters)) > 35
    assert psnr(done[1], by_cpu(truths[1], parameters)) > 35


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_constant_quality_is_that_of_the_cpu(truths: torch.Tensor, codec: str) -> None:
    compression = Compression(codec, None, crf=28)  # type: ignore[arg-type] # a text of parametrize
    parameters = chain(noise(strength=2.0), compression)
    assert psnr(degrade_batch(truths[:1], [parameters])[0], by_cpu(truths[0], parameters)) > 35


def test_wrapping_before_compression_is_that_of_the_cpu(truths: torch.Tensor) -> None:
    compression = Compression("mpeg4", 100_000, wraps=True)
    wrapped = chain(noise(strength=20.0), compression)
    saturated = chain(noise(strength=20.0), Compression("mpeg4", 100_000))
    bright = (truths + 0.35).clamp(0, 1)
    expected = by_cpu(bright[0], wrapped)
    done = degrade_batch(bright, [wrapped, saturated])
    assert psnr(done[0], expected) > 35
    assert psnr(degrade_batch(bright[:1], [saturated])[0], expected) < 25


def test_a_clip_does_not_depend_on_its_companions(truths: torch.Tensor) -> None:
    compression = Compression("libx264", 20_000)
    first = chain(blur(), Resize("area", WALK), noise(), compression, Jpeg((50,) * FRAMES))
    second = chain(compression, noise("poisson", strength=0.2), compression, blur("sinc"), compression)
    together = degrade_batch(truths, [first, second])
    assert torch.equal(together[:1], degrade_batch(truths[:1], [first]))
    assert torch.equal(together[1:], degrade_batch(truths[1:], [second]))


def test_truths_are_left_as_they_are(truths: torch.Tensor) -> None:
    before = truths.clone()
    degrade_batch(truths, [CHAINS["everything"], chain(Compression("mpeg4", 50_000))])
    assert torch.equal(truths, before)


@pytest.mark.parametrize(
    ("scales", "expected"), [((1.0, 0.51, 0.5, 1.3, 0.7), (96, 48, 48, 124, 66)), ((0.001,) * 5, (2,) * 5)]
)
def test_scales_are_of_the_first_frames_size_and_sizes_are_even(
    truths: torch.Tensor, scales: Sequence[float], expected: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    widths: list[int] = []

    def record(frames: Sequence[np.ndarray], _: Compression) -> list[np.ndarray]:
        widths.extend(frame.shape[1] for frame in frames)
        return [frames[0]] * len(frames)

    monkeypatch.setattr("training.degradation.device.batch.compress", record)
    degrade_batch(truths[:1], [chain(Resize("area", tuple(scales)), Compression("mpeg4", 10_000))])
    assert tuple(widths) == tuple(expected)


def test_parameters_for_another_length_are_refused(truths: torch.Tensor) -> None:
    parameters = Parameters(FRAMES + 2, (ResizeTo("area", 20, 24),))
    with pytest.raises(TrainingError, match="drawn for clips of 7 frames, but these have 5"):
        degrade_batch(truths[:1], [parameters])


@pytest.mark.gpu
@pytest.mark.parametrize("name", CHAINS)
def test_cuda_degrades_as_the_cpu_does(truths: torch.Tensor, name: str) -> None:
    parameters = [CHAINS[name]] * 2
    done = degrade_batch(truths.cuda(), parameters)
    assert done.is_cuda
    difference = (done.cpu().float() - degrade_batch(truths, parameters).float()).abs()
    assert float(difference.mean()) < 0.6
    assert float((difference <= 4).float().mean()) > 0.99
