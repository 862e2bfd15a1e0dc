"""Composite video against the standards' arithmetic and another encoder."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.degradation.old.pictures import brightness, colour, flat, noise
from training.degradation.old.composite import through_composite
from training.degradation.old.parameters import Composite, Standard

STANDARDS: list[Standard] = ["ntsc", "pal"]
# Phases of the colour (200, 60, 90) on lines 0-7 of frame 0 and 0-3 of frame 1, cycles, as the encoder of
# vapoursynth-composite 2 (`Encode`, its own raster of four times the subcarrier) puts them.
PHASES: dict[Standard, tuple[list[float], list[float]]] = {
    "ntsc": ([0.423, -0.077, -0.077, 0.423, 0.423, -0.077, -0.077, 0.423], [-0.077, 0.423, 0.423, -0.077]),
    "pal": ([0.05, -0.228, 0.272, 0.052, -0.447, 0.275, -0.224, -0.445], [0.271, 0.05, -0.449, 0.273]),
}


def composite(standard: Standard = "ntsc", **values: float) -> Composite:
    held = {name: (values.pop(name, value),) * 8 for name, value in DEFAULTS.items()}
    return replace(Composite(standard, 0.25, 0.0, 0, **held), **values)  # type: ignore[arg-type] # a table


DEFAULTS = {"bandwidth": 0.09, "comb": 0.0, "notch": 1.0}


def grating(frequency: float, side: int = 128) -> Tensor:
    """Grey waves along the lines around mid-grey, amplitude 0.25."""
    waves = 0.5 + 0.25 * torch.cos(2 * math.pi * frequency * torch.arange(side))
    return waves.view(1, 1, 1, side).repeat(1, 3, side, 1)


def turns(frames: Tensor) -> Tensor:
    """Phase and amplitude of each line's wave of a quarter cycle per pixel: (T, H), complex."""
    lines = brightness(frames)
    wave = torch.exp(-0.5j * math.pi * torch.arange(lines.shape[-1], dtype=torch.float64))
    return 2 * (lines * wave).mean(dim=-1)


@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("comb", [0.0, 1.0])
def test_flat_colours_and_greys_come_through(standard: Standard, comb: float) -> None:
    for frames in (flat(0.8, 0.2, 0.3), flat(0.4, 0.4, 0.4)):
        made = through_composite(frames, composite(standard, comb=comb), [3])
        # PAL's comb is off by a 25 Hz offset where a line has but one neighbour.
        assert float((made - frames).abs().max()) < (0.02 if comb and standard == "pal" else 1e-4)
        assert float((made - frames)[..., 8:-8, :].abs().max()) < 1e-3


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_subcarrier_turns_as_in_another_encoder(standard: Standard) -> None:
    """Without a notch the decoder's brightness is the composite signal itself."""
    frames = flat(200 / 255, 60 / 255, 90 / 255, frames=2)
    found = turns(through_composite(frames, composite(standard, notch=0.0), [0, 1]))
    first, second = PHASES[standard]
    theirs = torch.exp(2j * math.pi * torch.tensor([*first, *second], dtype=torch.float64))
    ours = torch.cat((found[0, :8], found[1, :4]))
    relative = ours / theirs
    torch.testing.assert_close(relative / relative[0], torch.ones_like(relative), rtol=0, atol=0.02)


def test_the_amplitude_is_that_of_u_and_v() -> None:
    red, green, blue = 0.8, 0.2, 0.3
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    expected = math.hypot(0.492111 * (blue - luma), 0.877283 * (red - luma))
    for standard in STANDARDS:
        found = turns(through_composite(flat(red, green, blue), composite(standard, notch=0.0), [0]))
        assert found.abs().numpy() == pytest.approx(np.full(found.shape, expected), abs=1e-4)


@pytest.mark.parametrize("standard", STANDARDS)
def test_fine_brightness_becomes_rainbows(standard: Standard) -> None:
    """A grating beside the subcarrier is taken for colour whole; one far from it is left alone."""
    near = through_composite(grating(0.26), composite(standard), [0])[..., 32:-32]
    u, v = 0.872021 * colour(near)[0, 0], 1.229951 * colour(near)[0, 1]
    assert torch.hypot(u, v).numpy() == pytest.approx(0.25, abs=0.02)
    assert float((brightness(near) - 0.5).abs().max()) < 0.02
    far = grating(0.05)
    made = through_composite(far, composite(standard), [0])
    torch.testing.assert_close(made[..., 32:-32], far[..., 32:-32], rtol=0, atol=2e-3)


def test_a_comb_leaves_upright_gratings_to_the_brightness() -> None:
    made = through_composite(grating(0.26), composite("ntsc", comb=1.0), [0])
    assert float(colour(made).abs().max()) < 1e-4
    torch.testing.assert_close(made, grating(0.26), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("standard", "period"), [("ntsc", 2), ("pal", 4)])
def test_dots_crawl_and_come_again_with_the_colour_sequence(standard: Standard, period: int) -> None:
    frames = flat(0.8, 0.2, 0.3, frames=1).repeat(period + 1, 1, 1, 1)
    frames[..., 48:] = 0.5
    made = brightness(through_composite(frames, composite(standard), range(period + 1)))
    dots = made - made[:period].mean(dim=0)
    assert float(dots[:, :, 40:56].abs().max()) > 0.02
    for number in range(1, period):
        assert float((dots[number] - dots[0]).abs().max()) > 0.02
    assert float((dots[period] - dots[0]).abs().max()) < 1e-4


def test_frames_do_not_depend_on_their_companions() -> None:
    frames, drawn = noise(3), composite("pal", comb=0.4, notch=0.9)
    together = through_composite(frames, drawn, [2, 3, 4])
    torch.testing.assert_close(through_composite(frames[1:2], drawn, [3]), together[1:2], rtol=0, atol=1e-6)


def test_tiny_frames_come_through() -> None:
    assert through_composite(noise(1, 2, 3), composite("pal", comb=1.0), [0]).shape == (1, 3, 2, 3)
