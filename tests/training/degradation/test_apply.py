"""Operators on the CPU: what each does to flat and to real pictures, and whole chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import EXAMPLE_CLIP
from training.degradation.apply import apply
from training.degradation.compression import compress, encoded
from training.degradation.device.resize import resize_frames
from training.degradation.kernels import kernel
from training.degradation.options import DegradationOptions
from training.degradation.parameters import (
    Blur,
    Codec,
    Compression,
    Filter,
    Jpeg,
    Noise,
    NoiseKind,
    Operation,
    Parameters,
    Resize,
    ResizeTo,
)
from training.degradation.sample import Degradation
from training.errors import TrainingError

Frames = NDArray[np.float32]


def degraded(frames: Frames, *operations: Operation) -> NDArray[np.uint8]:
    return apply(frames, Parameters(len(frames), operations))


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(255**2 / error))


@pytest.fixture(scope="module")
def real() -> NDArray[np.uint8]:
    """Twelve frames of the sample clip, 144x256."""
    with av.open(EXAMPLE_CLIP, "r") as container:
        pictures = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    return np.stack(pictures[:12])


def scaled(frames: NDArray[np.uint8]) -> Frames:
    return frames.astype(np.float32) / np.float32(255)


def blur(kind: str = "iso", size: int = 9, frames: int = 1, **values: float) -> Blur:
    made = {"sigma_x": 1.5, "sigma_y": 1.5, "angle": 0.0, "beta": 1.0, "cutoff": 2.0} | values
    return Blur(kind, size, **{name: (value,) * frames for name, value in made.items()})  # type: ignore[arg-type] # a table


def test_without_operations_frames_come_back_as_they_went_in(real: NDArray[np.uint8]) -> None:
    assert np.array_equal(degraded(scaled(real)), real)


def test_the_input_is_left_alone(real: NDArray[np.uint8]) -> None:
    frames = scaled(real[:6])
    before = frames.copy()
    apply(frames, Degradation(DegradationOptions(), 32, 32).sample(np.random.default_rng(0), 6))
    assert np.array_equal(frames, before)


def test_parameters_of_another_length_are_refused(real: NDArray[np.uint8]) -> None:
    with pytest.raises(TrainingError, match="drawn for 3 frames, the clip has 12"):
        apply(scaled(real), Parameters(3, ()))


@pytest.mark.parametrize("kind", ["iso", "aniso", "generalized_iso", "plateau_aniso", "sinc"])
def test_flat_pictures_stay_flat_under_blur(kind: str) -> None:
    frames = np.full((1, 20, 24, 3), 0.5, np.float32)
    assert np.unique(degraded(frames, blur(kind, 21))).tolist() == [128]


def test_an_impulse_becomes_the_kernel_turned_round() -> None:
    """Correlation turns the kernel by half a turn; the border mirrors without repeating the edge."""
    frames = np.zeros((1, 31, 31, 3), np.float32)
    frames[0, 15, 15] = 1.0
    made = blur("aniso", 9, sigma_x=2.0, sigma_y=0.8, angle=0.7)
    wanted = np.zeros((31, 31))
    wanted[11:20, 11:20] = kernel(made, 0)[::-1, ::-1]
    found = degraded(frames, made)[0]
    assert np.abs(found - 255 * wanted[..., None]).max() <= 0.5 + 1e-3


def test_the_border_mirrors_without_repeating_the_edge() -> None:
    rng = np.random.default_rng(0)
    frames = rng.random((1, 24, 20, 3), np.float32)
    made = blur(size=13, sigma_x=2.5)
    padded = np.pad(frames[0].astype(np.float64), ((6, 6), (6, 6), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (13, 13), axis=(0, 1))
    wanted = np.einsum("hwcij,ij->hwc", windows, kernel(made, 0))
    assert np.abs(degraded(frames, made)[0] - 255 * wanted).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("how", ["area", "bilinear", "bicubic"])
def test_each_frame_gets_its_own_even_size(how: Filter, real: NDArray[np.uint8]) -> None:
    """Sizes are relative to the first frame's before the resize; ResizeTo brings them together again."""
    frames = scaled(real[:3])
    made = degraded(frames, Resize(how, (0.5, 0.6, 1.1)), ResizeTo(how, 36, 64))
    assert made.shape == (3, 36, 64, 3)
    interpolation = {"area": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}[how]
    for frame, size, found in zip(frames, ((128, 72), (152, 86), (280, 158)), made, strict=True):
        wanted = cv2.resize(
            cv2.resize(frame, size, interpolation=interpolation), (64, 36), interpolation=interpolation
        )
        assert np.array_equal(found, np.clip(np.rint(255 * wanted), 0, 255))


def test_shrinking_by_area_is_the_mean_of_blocks(real: NDArray[np.uint8]) -> None:
    made = degraded(scaled(real[:1]), ResizeTo("area", 36, 64))
    wanted = real[0].reshape(36, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(made[0] - wanted).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("size", [(36, 64), (50, 90)])
def test_the_antialiased_filter_is_pillows_bicubic_on_both_paths(
    size: tuple[int, int], real: NDArray[np.uint8]
) -> None:
    frame = scaled(real[:1])
    height, width = size
    planes = [
        Image.fromarray(frame[0, ..., channel]).resize((width, height), Image.Resampling.BICUBIC)
        for channel in range(3)
    ]
    wanted = 255 * np.stack([np.asarray(plane) for plane in planes], axis=-1).clip(0, 1)
    made = degraded(frame, ResizeTo("antialiased", height, width))
    assert np.abs(made[0] - wanted).max() <= 0.5 + 0.02
    batch = torch.from_numpy(frame).permute(0, 3, 1, 2)
    on_device = resize_frames(batch, "antialiased", height, width)[0].permute(1, 2, 0).numpy()
    assert np.abs(255 * on_device.clip(0, 1) - wanted).max() <= 0.02


@pytest.mark.parametrize("sigma", [1.0, 10.0, 30.0])
def test_gaussian_noise_has_its_strength_on_a_flat_picture(sigma: float) -> None:
    frames = np.full((2, 128, 128, 3), 0.5, np.float32)
    made = degraded(frames, Noise("gaussian", False, (sigma, sigma), 5)).astype(np.float64)
    rounding = 1 / 12
    assert made.std() == pytest.approx(np.sqrt(sigma**2 + rounding), rel=0.03)
    assert made.mean() == pytest.approx(127.5, abs=0.5)


def test_poisson_noise_has_the_released_strength(real: NDArray[np.uint8]) -> None:
    """Specification 7.5: on a picture with 129 to 256 levels at scale 3, some 35 of 255, and not 2 as in
    1.x."""
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, 256, dtype=np.float32)[None, :, None], (1, 256, 256, 3))
    noise = degraded(ramp, Noise("poisson", False, (1.0,), 3)).astype(np.float64) - 255 * ramp
    # Counts of mean V * base with V = 256: variance base / 256.
    assert noise.std() == pytest.approx(255 * np.sqrt(0.5 / 256), rel=0.05)


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_grey_noise_is_the_same_in_all_channels(kind: NoiseKind, real: NDArray[np.uint8]) -> None:
    frames = np.full((1, 64, 64, 3), 0.5, np.float32)
    made = degraded(frames, Noise(kind, True, (3.0 if kind == "gaussian" else 0.2,), 1))[0]
    assert np.array_equal(made[..., 0], made[..., 1])
    assert np.array_equal(made[..., 0], made[..., 2])
    assert made.std() > 0


def test_noise_differs_between_frames_and_seeds_and_repeats_itself() -> None:
    frames = np.full((2, 32, 32, 3), 0.5, np.float32)
    noise = Noise("gaussian", False, (10.0, 10.0), 1)
    made = degraded(frames, noise)
    assert np.array_equal(degraded(frames, noise), made)
    assert not np.array_equal(made[0], made[1])
    assert not np.array_equal(degraded(frames, replace(noise, seed=2)), made)


def test_jpeg_spoils_more_at_lower_quality(real: NDArray[np.uint8]) -> None:
    frames = scaled(real[:1])
    qualities = (95, 80, 60, 40, 30)
    values = [psnr(degraded(frames, Jpeg((quality,))), real[:1]) for quality in qualities]
    assert values == sorted(values, reverse=True)
    assert values[0] > 36
    assert values[-1] < values[0] - 4


def test_jpeg_swaps_red_and_blue_only_when_asked(real: NDArray[np.uint8]) -> None:
    """A saturated blue picture keeps its colour either way; the encoder's luma weights differ."""
    frames = scaled(real[:1])
    right, swapped = (degraded(frames, Jpeg((40,), swap)) for swap in (False, True))
    assert psnr(right, real[:1]) == pytest.approx(psnr(swapped, real[:1]), abs=2.0)
    assert not np.array_equal(right, swapped)
    _, content = cv2.imencode(
        ".jpg", cv2.cvtColor(real[0], cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 40]
    )
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(right[0], cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))


@pytest.fixture(scope="module")
def noisy(real: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Thirty frames of 120x160 with grain, which need more bits than they may have."""
    clip = np.concatenate((real, real[::-1], real[:6]))[:, :120, :160]
    return np.clip(clip + np.random.default_rng(0).normal(0, 10, clip.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("codec", ["libx264", "h264", "mpeg4"])
def test_video_gets_better_with_its_bit_rate(codec: Codec, noisy: NDArray[np.uint8]) -> None:
    rates = (10_000, 30_000, 100_000)
    made = [np.stack(compress(list(noisy), Compression(codec, rate))) for rate in rates]
    values = [psnr(clip[15:], noisy[15:]) for clip in made]
    assert values == sorted(values)
    assert values[-1] > values[0] + 1.0


@pytest.mark.parametrize(("codec", "rate"), [("libx264", 30_000), ("h264", 100_000), ("mpeg4", 30_000)])
def test_the_bit_rate_is_that_of_a_frame(codec: Codec, rate: int, noisy: NDArray[np.uint8]) -> None:
    """One frame a second: 30,000 bits a second are 30,000 a frame (specification 7.5), x264 somewhat
    above."""
    bits = 8 * len(encoded(list(noisy), Compression(codec, rate))) / len(noisy)
    assert 0.9 * rate < bits < 1.8 * rate


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_ffmpeg_reads_the_same_frames(
    codec: Codec, noisy: NDArray[np.uint8], tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    clip, compression = list(noisy[:8]), Compression(codec, 50_000)
    (tmp_path / "clip.mkv").write_bytes(encoded(clip, compression))
    raw = tmp_path / "clip.raw"
    ffmpeg("-i", tmp_path / "clip.mkv", "-f", "rawvideo", "-pix_fmt", "rgb24", raw)
    found = np.frombuffer(raw.read_bytes(), np.uint8).reshape(8, 120, 160, 3)
    assert np.abs(found.astype(int) - np.stack(compress(clip, compression))).mean() < 1


@pytest.mark.parametrize("codec", ["libx264", "h264", "mpeg4"])
def test_video_gets_worse_with_its_crf(codec: Codec, noisy: NDArray[np.uint8]) -> None:
    clip = list(noisy[:8])
    made = [
        np.stack(compress(clip, Compression(codec, None, crf=crf))) for crf in (0, 18, 24, 30, 36, 44, 51)
    ]
    values = [psnr(each, noisy[:8]) for each in made]
    assert values == sorted(values, reverse=True)
    assert values[1] > values[4] + 2.0


@pytest.mark.parametrize(
    ("codec", "crf", "options", "tolerance"),
    [
        ("libx264", 20, "-crf 20 -x264-params mbtree=0", 0.3),
        ("h264", 33, "-crf 33 -x264-params mbtree=0", 0.3),
        ("libx264", 24, "-crf 24", 2.0),  # with the macroblock tree, as everybody's ffmpeg does it
        ("libx264", 33, "-crf 33", 2.0),
        ("mpeg4", 30, "-qscale:v 6", 0.3),  # 2 ** ((30 - 15) / 6) = 5.7
        # The quantizer is the same; what the encoder weighs bits with is not: 0.35 dB at 31, 0.07 at 12.
        ("mpeg4", 51, "-qscale:v 31", 0.5),
    ],
)
def test_constant_quality_is_that_of_ffmpeg(
    codec: Codec, crf: int, options: str, tolerance: float, real: NDArray[np.uint8], tmp_path: Path,
    ffmpeg: Callable[..., None],
) -> None:  # fmt: skip
    clip = np.ascontiguousarray(real[:, 8:136, 64:192])
    (tmp_path / "clip.raw").write_bytes(clip.tobytes())
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    encoder = ("-c:v", "mpeg4" if codec == "mpeg4" else "libx264", "-pix_fmt", "yuv420p", *options.split())
    source = (*raw, "-s", "128x128", "-r", "25", "-i", tmp_path / "clip.raw")
    ffmpeg(*source, *encoder, tmp_path / "clip.mkv")
    ffmpeg("-i", tmp_path / "clip.mkv", *raw, tmp_path / "decoded.raw")
    found = np.frombuffer((tmp_path / "decoded.raw").read_bytes(), np.uint8).reshape(clip.shape)
    made = np.stack(compress(list(clip), Compression(codec, None, crf=crf)))
    assert psnr(made, clip) == pytest.approx(psnr(found, clip), abs=tolerance)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("rate", [1_000, 2**31 - 1])
def test_encoders_take_the_lowest_and_the_highest_bit_rate(
    codec: Codec, rate: int, noisy: NDArray[np.uint8]
) -> None:
    assert len(compress(list(noisy[:4]), Compression(codec, rate))) == 4


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("size", [(64, 64), (10, 10), (38, 46), (15, 33), (2, 2)])
def test_video_of_any_size_keeps_its_frames_and_their_size(codec: Codec, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.random((4, 4, 3)), (64, 64), interpolation=cv2.INTER_CUBIC)
    frame = np.clip(255 * coarse[: size[0], : size[1]], 0, 255).astype(np.uint8)
    made = compress([frame] * 7, Compression(codec, 50_000))
    assert [each.shape for each in made] == [(*size, 3)] * 7
    assert np.abs(made[3].astype(int) - frame).mean() < 12


def test_frames_of_other_sizes_are_scaled_to_the_first() -> None:
    frames = [np.full((side, side, 3), 100, np.uint8) for side in (32, 36, 30)]
    assert {each.shape for each in compress(frames, Compression("mpeg4", 50_000))} == {(32, 32, 3)}


def test_compressing_twice_gives_the_same() -> None:
    """x264's macroblock tree does not keep this promise (compression.py), so it is off."""
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.random((12, 12, 3)), (128, 128), interpolation=cv2.INTER_CUBIC)
    for side in (36, 50, 62):
        frames = [
            np.clip(255 * coarse[i : i + side, i : i + side], 0, 255).astype(np.uint8) for i in range(4)
        ]
        first = np.stack(compress(frames, Compression("libx264", 40_000)))
        for _ in range(15):
            assert np.array_equal(np.stack(compress(frames, Compression("libx264", 40_000))), first)


def test_values_beyond_white_saturate_unless_they_are_to_wrap() -> None:
    """Specification, section 7.5: the released code's cast turns 260 into 4."""
    frames = np.full((4, 32, 32, 3), 260 / 255 + 1e-4, np.float32)
    right = degraded(frames, Compression("mpeg4", 100_000))
    wrapped = degraded(frames, Compression("mpeg4", 100_000, wraps=True))
    assert right.min() > 250
    assert wrapped.max() < 12


def test_whole_chains_never_fail_and_always_end_at_the_low_size() -> None:
    rng = np.random.default_rng(0)
    frames = cv2.resize(rng.random((8, 8, 18)), (64, 64)).reshape(64, 64, 6, 3).transpose(2, 0, 1, 3)
    clip = np.ascontiguousarray(frames, np.float32)
    degradation = Degradation(DegradationOptions(), 16, 16)
    quirky = Degradation(DegradationOptions(released_quirks=True, random_walk="independent"), 16, 16)
    for seed in range(150):
        chosen = quirky if seed % 5 == 0 else degradation
        parameters = chosen.sample(np.random.default_rng(seed), 6)
        made = apply(clip, parameters)
        assert made.shape == (6, 16, 16, 3), parameters
        assert made.dtype == np.uint8


def test_the_same_parameters_give_the_same_frames(real: NDArray[np.uint8]) -> None:
    frames = scaled(real[:6, :128, :128])
    degradation = Degradation(DegradationOptions(), 32, 32)
    for seed in range(6):
        parameters = degradation.sample(np.random.default_rng(seed), 6)
        assert np.array_equal(apply(frames, parameters), apply(frames, parameters))
