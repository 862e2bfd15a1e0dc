"""Video tape: each of its faults alone, against what it should measure."""

from __future__ import annotations

import math

import pytest
import torch

from tests.training.degradation.old.pictures import brightness, colour, flat, noise, step
from training.degradation.old.parameters import Tape
from training.degradation.old.tape import through_tape

CLEAN = {"luma": 2.0, "chroma": 2.0}
CLEAN |= dict.fromkeys(("jitter", "noise", "chroma_noise", "streaks", "delay"), 0.0)


def tape(seed: int = 3, **values: float) -> Tape:
    held = {name: (values.get(name, value),) * 6 for name, value in CLEAN.items()}
    return Tape(**held, seed=seed)  # type: ignore[arg-type] # a table


def test_without_faults_a_tape_changes_nearly_nothing() -> None:
    """A bandwidth of four times what pixels can hold leaves 98 % of the finest detail."""
    frames = noise()
    torch.testing.assert_close(through_tape(frames, tape(), [0, 1]), frames, rtol=0, atol=0.02)


@pytest.mark.parametrize("bandwidth", [0.05, 0.1, 0.2])
def test_detail_has_lost_half_its_power_at_the_bandwidth(bandwidth: float) -> None:
    places = torch.arange(200)
    waves = 0.25 * torch.cos(2 * math.pi * bandwidth * (places + 0.5))
    grey = (0.5 + waves).view(1, 1, 1, 200).repeat(1, 3, 8, 1)
    made = brightness(through_tape(grey, tape(luma=bandwidth), [0]))[0] - 0.5
    assert float(made.square().mean() / waves.square().mean()) == pytest.approx(0.5, rel=0.02)
    red = torch.full((1, 3, 8, 200), 0.5)
    red[:, 0] += waves
    made = colour(through_tape(red, tape(chroma=bandwidth), [0]))[0, 1]
    assert float(made.square().mean() / colour(red)[0, 1].square().mean()) == pytest.approx(0.5, rel=0.02)


def test_lines_are_out_of_place_by_the_jitter() -> None:
    """Where the step's 0.5 is crossed; errors of neighbouring lines are partly the same."""
    frames = step(256)
    made = brightness(through_tape(frames, tape(luma=0.1, jitter=1.5), [0]))[0]
    crossing = (made > 0.5).double().argmax(dim=1)
    before, after = (made.gather(1, (crossing - back)[:, None])[:, 0] for back in (1, 0))
    places = crossing - (after - 0.5) / (after - before)
    assert float(places.std()) == pytest.approx(1.5, rel=0.2)
    moved = places - places.mean()
    assert 0.35 < float((moved[1:] * moved[:-1]).mean() / moved.square().mean()) < 0.85


def test_colour_comes_late_by_the_delay() -> None:
    frames = torch.full((1, 3, 8, 96), 0.5)
    frames[:, 0, :, 40:44] += 0.3
    weights = torch.arange(96) + 0.0

    def centre(delay: float) -> float:
        plane = colour(through_tape(frames, tape(chroma=0.05, delay=delay), [0]))[0, 1, 4]
        return float((plane * weights).sum() / plane.sum())

    assert centre(2.5) - centre(0.0) == pytest.approx(2.5, abs=0.02)


def test_noise_has_its_strength_and_lies_along_the_lines() -> None:
    frames = flat(0.5, 0.5, 0.5, side=256)
    made = brightness(through_tape(frames, tape(luma=0.1, noise=6.0), [0]))[0] - 0.5
    assert float(made.std()) == pytest.approx(6 / 255, rel=0.05)
    along = float((made * made.roll(1, 1)).mean() / made.square().mean())
    across = float((made * made.roll(1, 0)).mean() / made.square().mean())
    assert along > 0.7
    assert abs(across) < 0.05


def test_colour_noise_leaves_the_brightness_alone() -> None:
    frames = flat(0.5, 0.5, 0.5, side=256)
    made = through_tape(frames, tape(chroma=0.05, chroma_noise=5.0), [0])
    assert colour(made)[0].std(dim=(1, 2)).numpy() == pytest.approx(5 / 255, rel=0.15)
    torch.testing.assert_close(brightness(made), brightness(frames), rtol=0, atol=1e-5)


def test_dropouts_are_as_many_as_drawn_and_fade_to_the_right() -> None:
    frames = flat(0.5, 0.5, 0.5, frames=6, side=250)
    made = brightness(through_tape(frames, tape(streaks=0.05), range(6))) - 0.5
    begins = (made - made.roll(1, 2) * math.exp(-1 / 12)).abs() > 0.3
    expected = 0.05 / 1000 * made.numel()
    assert float(begins.sum()) == pytest.approx(expected, abs=4 * math.sqrt(expected))
    place = begins[0].nonzero()[0].tolist()
    streak = made[0, place[0]].roll(-place[1])
    assert abs(float(streak[0])) == pytest.approx(0.7, abs=0.05)
    assert float(streak[10] / streak[0]) == pytest.approx(math.exp(-10 / 12), abs=0.1)


def test_frames_differ_and_come_again_alone() -> None:
    frames = flat(0.5, 0.5, 0.5, side=48).repeat(3, 1, 1, 1)
    drawn = tape(noise=5.0, chroma_noise=3.0, jitter=1.0, streaks=0.2, luma=0.2, chroma=0.05)
    together = through_tape(frames, drawn, [0, 1, 4])
    assert float((together[0] - together[1]).abs().mean()) > 0.01
    torch.testing.assert_close(through_tape(frames[:1], drawn, [4])[0], together[2], rtol=0, atol=1e-6)
