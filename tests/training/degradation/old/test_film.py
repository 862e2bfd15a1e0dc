"""Grain and halos against their formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.degradation.old.pictures import brightness, flat, noise, step
from training.degradation.old.grain import add_grain
from training.degradation.old.halo import add_halo
from training.degradation.old.parameters import Grain, Halo

GRAIN = Grain(size=(1.0,) * 6, strength=(10.0,) * 6, colour=0.0, seed=7)


def grown(level: float, grain: Grain = GRAIN, side: int = 192) -> Tensor:
    frame = flat(level, level, level, side=side)
    return (add_grain(frame, grain, [0]) - frame).double()


@pytest.mark.parametrize(("level", "share"), [(0.5, 1.0), (0.25, 0.3 + 0.7 * 0.75), (0.0, 0.3), (1.0, 0.3)])
def test_grain_is_strongest_in_the_middle_greys(level: float, share: float) -> None:
    assert float(grown(level).std()) == pytest.approx(share * 10 / 255, rel=0.05)


@pytest.mark.parametrize("size", [0.5, 1.0, 2.5])
def test_grain_has_the_size_that_was_drawn_and_keeps_its_strength(size: float) -> None:
    """White noise through a Gaussian has the autocorrelation exp(-d**2 / (4 sigma**2))."""
    field = grown(0.5, replace(GRAIN, size=(size,)), side=256)[0, 0]
    assert float(field.std()) == pytest.approx(10 / 255, rel=0.08)
    for distance in (1, 2, 3):
        for dim in (0, 1):
            found = float((field * field.roll(distance, dim)).mean() / field.square().mean())
            # Pixels cut off what of the spectrum lies beyond half a cycle: noticeable for half a pixel.
            expected = math.exp(-(distance**2) / (4 * size**2))
            assert found == pytest.approx(expected, abs=0.07 if size > 0.5 else 0.12)


def test_grain_of_one_frame_is_not_that_of_another_and_comes_again() -> None:
    frames = flat(0.5, 0.5, 0.5, frames=3, side=64)
    fields = (add_grain(frames, GRAIN, [0, 1, 5]) - frames)[:, 0].flatten(1)
    correlation = torch.corrcoef(fields) - torch.eye(3)
    assert float(correlation.abs().max()) < 0.12
    alone = (add_grain(frames[:1], GRAIN, [5]) - frames[:1])[:, 0].flatten()
    torch.testing.assert_close(alone, fields[2], rtol=0, atol=1e-6)


@pytest.mark.parametrize("colour", [0.0, 0.4, 1.0])
def test_the_colour_of_grain_is_its_share(colour: float) -> None:
    """Channels share all but `colour` squared of their variance."""
    channels = grown(0.5, replace(GRAIN, colour=colour, size=(0.6,)))[0].flatten(1)
    assert float(torch.corrcoef(channels)[0, 1]) == pytest.approx(1 - colour**2, abs=0.05)
    assert float(channels.std()) == pytest.approx(10 / 255, rel=0.05)


def test_an_edge_overshoots_by_the_tail_of_the_gaussian() -> None:
    """Beside a step of a half, at half a pixel, the blur lacks half the Gaussian's tail from there on."""
    radius, strength = 1.7, 0.8
    made = brightness(add_halo(step(), Halo(True, (radius,), (strength,)), [0]))[0]
    places = torch.arange(64) - 32 + 0.5
    tail = torch.tensor([0.5 * math.erfc(abs(float(x)) / (radius * math.sqrt(2))) for x in places])
    expected = torch.where(places > 0, 0.75 + strength * 0.5 * tail, 0.25 - strength * 0.5 * tail)
    assert float((made - expected).abs().max()) < 0.01
    assert float(made.max()) > 0.85


def test_halos_along_the_lines_leave_edges_between_lines_alone() -> None:
    turned = step().mT.contiguous()
    horizontal, both = (Halo(only, (1.7,), (0.8,)) for only in (True, False))
    torch.testing.assert_close(add_halo(turned, horizontal, [0]), turned, rtol=0, atol=1e-6)
    assert float(add_halo(turned, both, [0]).max()) > 0.85


def test_halos_all_round_are_those_of_opencvs_blur() -> None:
    frames = noise(frames=1)
    halo = Halo(False, (1.5,), (0.6,))
    luma = brightness(frames)[0].numpy()
    blurred = cv2.GaussianBlur(luma, (25, 25), 1.5, borderType=cv2.BORDER_REFLECT)
    expected = frames[0].double().numpy() + 0.6 * (luma - blurred)
    assert np.abs(add_halo(frames, halo, [0])[0].numpy() - expected).max() < 2e-3
