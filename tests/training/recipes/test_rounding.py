"""The figure that the model card gives for half precision."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.recipes.default.rounding import main, rounding
from vsrealbasicvsr.network import load
from vsrealbasicvsr.weights.convert import convert


def test_the_distance_is_that_of_the_plain_network(tiny_model: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    convert(tiny_model, half, "fp16")
    frames = decode_rgb(EXAMPLE_CLIP, 3)[:, :, :48, :64]
    found = rounding(tiny_model, half, list(frames))

    with torch.inference_mode():
        exact, rounded = (
            load(path)(frames[None], refinement_threshold=5.0, max_passes=3).clamp(0, 1).double()
            for path in (tiny_model, half)
        )
    mean = float((exact - rounded).square().mean())
    assert found.decibels == pytest.approx(10 * math.log10(1 / mean), abs=0.5)
    assert found.largest == pytest.approx(float((exact - rounded).abs().max()), rel=0.1)
    assert found.decibels > 60


def test_equal_weights_are_infinitely_alike(tiny_model: Path) -> None:
    frames = list(decode_rgb(EXAMPLE_CLIP, 2)[:, :, :48, :64])
    found = rounding(tiny_model, tiny_model, frames)
    assert (found.decibels, found.largest) == (math.inf, 0.0)


def test_the_command_says_both_figures_or_what_is_wrong(tiny_model: Path) -> None:
    done = CliRunner().invoke(main, [str(tiny_model), str(tiny_model), "--frames", "2"])
    assert done.output == "inf dB, at most 0.00000 of full scale, 2 frames of launch.mp4\n"
    wrong = CliRunner().invoke(main, ["nowhere.pth"])
    assert wrong.exit_code == 1
    assert wrong.output.startswith("Error: There are no weights 'nowhere.pth'")
