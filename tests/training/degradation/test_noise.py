"""Noise: SplitMix64 and Box-Muller to the value, Poisson against its exact chances, no structure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from training.degradation.noise import add_noise
from training.degradation.parameters import Noise

GAUSSIAN = Noise("gaussian", grey=False, strength=(10.0,) * 8, seed=1234567)
POISSON = Noise("poisson", grey=False, strength=(1.0,) * 8, seed=7)


def gaussian_field(frames: int = 2, side: int = 128, seed: int = 1) -> Tensor:
    """Standard normal numbers: (frames, 3, side, side) float64."""
    clip = torch.zeros(frames, 3, side, side)
    return add_noise(clip, replace(GAUSSIAN, seed=seed), range(frames)).double() * 25.5


def ramp_and_flat(level: int, peak: int, side: int = 256) -> Tensor:
    """A frame of one level, but for a few pixels that bring the number of distinct levels up to `peak`."""
    frame = torch.full((1, 3, side, side), level / 255)
    frame[0, 0, 0, :peak] = torch.arange(peak) / 255
    return frame


def splitmix64(word: int) -> int:
    mask = (1 << 64) - 1
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & mask
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
    return word ^ (word >> 31)


def test_splitmix64_gives_its_published_numbers() -> None:
    golden, mask = 0x9E3779B97F4A7C15, (1 << 64) - 1
    words = [splitmix64((1234567 + count * golden) & mask) for count in (1, 2, 3)]
    assert words == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("seed", [0, 1234567, 2**63 - 1])
def test_gaussian_values_follow_from_seed_frame_and_pixel(seed: int) -> None:
    noise = add_noise(torch.zeros(1, 3, 2, 3), replace(GAUSSIAN, seed=seed), [5]).flatten()
    key = splitmix64((splitmix64(seed) + 5) % 2**64)
    for counter in range(1, 10):
        bits = splitmix64((key + counter * 0x9E3779B97F4A7C15) % 2**64)
        radius = math.sqrt(-2 * math.log(((bits & 0xFFFFFFFF) + 0.5) / 2**32))
        angle = 2 * math.pi * (bits >> 32) / 2**32
        for place, normal in ((counter - 1, math.cos(angle)), (counter + 8, math.sin(angle))):
            assert float(noise[place]) == pytest.approx(radius * normal * 10 / 255, abs=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 10.0, 30.0])
def test_sigma_is_on_the_scale_of_255(sigma: float) -> None:
    clip = torch.full((2, 3, 128, 128), 0.5)
    difference = (add_noise(clip, replace(GAUSSIAN, strength=(sigma, sigma)), [0, 1]) - 0.5).double() * 255
    assert float(difference.std()) == pytest.approx(sigma, rel=0.02)
    assert abs(float(difference.mean())) < 5 * sigma / math.sqrt(difference.numel())


def test_gaussian_numbers_are_normal() -> None:
    field = gaussian_field(frames=3).flatten()
    edges = torch.linspace(-3, 3, 25, dtype=torch.float64)
    below = torch.cat((torch.zeros(1), (1 + torch.erf(edges / math.sqrt(2))) / 2, torch.ones(1)))
    expected = below.diff() * field.numel()
    counts = torch.bincount(torch.bucketize(field, edges), minlength=26)
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 25 + 5 * math.sqrt(2 * 25)
    assert 4.0 < float(field.abs().max()) < 6.8


def test_no_pixel_is_like_its_neighbours_or_its_other_channels_and_frames() -> None:
    fields = torch.cat((gaussian_field(frames=3), gaussian_field(frames=1, seed=2))).flatten(0, 1)
    correlations = torch.corrcoef(fields.flatten(1)) - torch.eye(len(fields), dtype=torch.float64)
    assert float(correlations.abs().max()) < 5 / 128
    spectra = torch.fft.fft2(fields)
    autocorrelation = torch.fft.ifft2(spectra * spectra.conj()).real / 128**2
    autocorrelation[:, 0, 0] = 0
    assert float(autocorrelation.abs().max()) < 6 / 128


def test_the_last_bits_of_seeds_and_frames_change_everything() -> None:
    fields = torch.cat([gaussian_field(frames=8, side=32, seed=seed) for seed in (2**40, 2**40 + 1)])
    correlations = torch.corrcoef(fields.flatten(1)) - torch.eye(16, dtype=torch.float64)
    assert float(correlations.abs().max()) < 5 / math.sqrt(3 * 32 * 32)


@pytest.mark.parametrize("noise", [GAUSSIAN, POISSON])
@pytest.mark.parametrize("grey", [False, True])
def test_batch_and_order_change_nothing(noise: Noise, grey: bool) -> None:
    drawn = replace(noise, grey=grey)
    clip = torch.rand(5, 3, 37, 23, generator=torch.Generator().manual_seed(3))
    clip[1] = (clip[1] * 20).round() / 20
    whole = add_noise(clip, drawn, range(5))
    for number in (4, 1, 0):
        alone = add_noise(clip[number : number + 1], drawn, [number])
        assert torch.equal(alone[0], whole[number])


@pytest.mark.parametrize("noise", [GAUSSIAN, POISSON])
def test_strengths_belong_to_frames_and_zero_leaves_the_picture(noise: Noise) -> None:
    clip = torch.full((3, 3, 64, 64), 0.5)
    changed = add_noise(clip, replace(noise, strength=(0.0, 1.0, 3.0)), [0, 1, 2]) - clip
    assert not changed[0].any()
    assert float(changed[2].std() / changed[1].std()) == pytest.approx(3, rel=0.03)
    assert torch.equal(clip, torch.full((3, 3, 64, 64), 0.5))


@pytest.mark.parametrize("noise", [GAUSSIAN, POISSON])
def test_grey_noise_is_the_same_in_all_channels(noise: Noise) -> None:
    clip = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    added = add_noise(clip, replace(noise, grey=True), [0, 1]) - clip
    torch.testing.assert_close(added[:, :1].expand_as(added), added, rtol=0, atol=1e-6)
    coloured = add_noise(clip, noise, [0, 1]) - clip
    assert float((coloured[:, 0] - coloured[:, 1]).abs().max()) > 0.01


def test_values_are_not_clipped() -> None:
    clip = torch.cat((torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)))
    noisy = add_noise(clip, GAUSSIAN, [0, 1])
    assert float(noisy[0].min()) < -0.05
    assert float(noisy[1].max()) > 1.05


@pytest.mark.parametrize("peak", [1, 16, 256])
@pytest.mark.parametrize("level", [1, 60, 255])
def test_poisson_counts_have_the_exact_chances(level: int, peak: int) -> None:
    level = level if peak in (1, 256) else level % 16
    frame = ramp_and_flat(level, peak)
    if peak == 1:
        frame = torch.full_like(frame, level / 255)
    added = add_noise(frame, POISSON, [0])[0, 1:].flatten().double() - level / 255
    counts = (added + level / 255) * peak
    torch.testing.assert_close(counts, counts.round(), rtol=0, atol=1e-3 * peak)
    mean = level / 255 * peak
    tolerance = 5 * math.sqrt(mean / counts.numel())
    assert float(counts.mean()) == pytest.approx(mean, abs=tolerance)
    assert float(counts.var()) == pytest.approx(mean, rel=0.03 + 5 / math.sqrt(mean * counts.numel()))
    chi_square, freedom = chi_square_of_poisson(counts.round().long().numpy(), mean)
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom)


def chi_square_of_poisson(counts: np.ndarray, mean: float) -> tuple[float, int]:
    expected = np.array([math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(500)])
    expected *= counts.size
    frequent = np.flatnonzero(expected > 10)
    seen = np.bincount(counts, minlength=500)
    inside = ((seen[frequent] - expected[frequent]) ** 2 / expected[frequent]).sum()
    left = counts.size - expected[frequent].sum()
    outside = (counts.size - seen[frequent].sum() - left) ** 2 / left if left > 1 else 0.0
    return float(inside + outside), len(frequent)


def test_the_peak_is_the_number_of_distinct_levels_rounded_up() -> None:
    clip = torch.cat([ramp_and_flat(3, levels) for levels in (4, 5, 129)])
    counts = add_noise(clip, POISSON, [0, 1, 2])[:, 1]
    for frame, peak in zip(counts, (4, 8, 256), strict=True):
        steps = frame.double() * peak
        torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)
        if peak > 4:
            assert float((steps / 2 - (steps / 2).round()).abs().max()) > 0.4


def test_grey_poisson_noise_comes_from_luma() -> None:
    red, green, blue = 0.8, 0.2, 0.4
    frame = torch.tensor([red, green, blue]).view(1, 3, 1, 1).repeat(1, 1, 128, 128)
    luma = round(255 * (0.299 * red + 0.587 * green + 0.114 * blue)) / 255
    added = (add_noise(frame, replace(POISSON, grey=True), [0]) - frame)[0, 0].double()
    assert float(added.mean()) == pytest.approx(0, abs=5 * math.sqrt(luma) / 128)
    assert float(added.var()) == pytest.approx(luma, rel=0.05)


def test_poisson_noise_of_values_beyond_the_range_is_that_of_the_border() -> None:
    frame = torch.full((1, 3, 16, 16), -0.5)
    assert torch.equal(add_noise(frame, POISSON, [0]), frame)
    bright = torch.full((1, 3, 128, 128), 1.7)
    assert float((add_noise(bright, POISSON, [0]) - 1.7).var()) == pytest.approx(1, rel=0.05)


@pytest.mark.gpu
@pytest.mark.parametrize("noise", [GAUSSIAN, POISSON])
@pytest.mark.parametrize("grey", [False, True])
def test_cuda_gives_the_same_noise(noise: Noise, grey: bool) -> None:
    clip = torch.rand(4, 3, 64, 48, generator=torch.Generator().manual_seed(3))
    clip = (clip * 255).round() / 255
    drawn = replace(noise, grey=grey)
    difference = (add_noise(clip.cuda(), drawn, range(4)).cpu() - add_noise(clip, drawn, range(4))).abs()
    # A luma that lies on the border of two levels may fall to either side.
    assert float((difference > 1e-5).double().mean()) < (1e-3 if grey else 1e-6)
