"""Validation: which clips, which figures, and what does not fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.conftest import ALONE
from training.data.options import DataOptions
from training.errors import TrainingError
from training.stage import CleaningOptions, SourceOptions, Stage
from training.state import initial_state
from training.update.objective import Clips
from training.validation import find_pairs, is_better, validate


def write(folder: Path, frames: torch.Tensor) -> None:
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        pixels = frame.mul(255).round().byte().permute(1, 2, 0).numpy()[..., ::-1]
        cv2.imwrite(str(folder / f"{number:04}.png"), np.ascontiguousarray(pixels))


def with_folder(stage: Stage, folder: Path) -> Stage:
    return replace(stage, sources=SourceOptions(validation=str(folder)))


@pytest.mark.parametrize(("low", "truth"), [("low", "truth"), ("BIx4", "GT")])
def test_pairs_are_measured_as_they_are(
    low: str, truth: str, stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    """The figures of the network's own output, computed here from its forward pass."""
    clips = make_clips(clips=2, frames=3)
    for name, index in (("a", 0), ("b", 1)):
        write(tmp_path / low / name, clips.low[index])
        write(tmp_path / truth / name, clips.truth[index])
    stage = with_folder(stage, tmp_path)
    pairs = find_pairs(stage, tmp_path / "cache")
    network = initial_state(stage, ALONE.device).average
    measured = validate(network, pairs, stage, ALONE, None)
    wanted = []
    for index in range(2):
        seen, target = ((255 * tensor[index]).round() / 255 for tensor in (clips.low, clips.truth))
        with torch.no_grad():
            restored = (255 * network(seen[None])[0].clamp(0, 1)).round()
        errors = (restored - 255 * target).square().mean((1, 2, 3))
        wanted += [20 * math.log10(255 / math.sqrt(error)) for error in errors.tolist()]
    assert measured["psnr"] == pytest.approx(np.mean(wanted), abs=0.02)
    assert measured["clips"] == 2
    assert "lpips" not in measured
    assert "psnr_low" not in measured


def test_a_cleaning_stage_is_measured_at_the_low_size_too(
    stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    """Two passes here are the frame and twice a residue, computed without the network's own loop."""
    clips = make_clips(clips=1, frames=3)
    write(tmp_path / "low" / "a", clips.low[0])
    write(tmp_path / "truth" / "a", clips.truth[0])
    network = initial_state(stage, ALONE.device).average
    cleaning = network.cleaning
    assert cleaning is not None
    with torch.no_grad():
        for parameter in cleaning.parameters():
            parameter.mul_(2.0)
    options = replace(stage.network, refinement_threshold=0.0, max_passes=2)
    stage = with_folder(replace(stage, cleaning=CleaningOptions(), network=options), tmp_path)
    measured = validate(network, find_pairs(stage, tmp_path / "cache"), stage, ALONE, None)
    frames, truth = ((255 * tensor[0]).round() / 255 for tensor in (clips.low, clips.truth))
    for _ in range(2):
        with torch.no_grad():
            frames = frames + cleaning(frames)
    target = truth.unflatten(-1, (-1, 4)).mean(-1).unflatten(-2, (-1, 4)).mean(-2)
    errors = (255 * (frames.clamp(0, 1) - target)).square().mean((1, 2, 3))
    wanted = [20 * math.log10(255 / math.sqrt(error)) for error in errors.tolist()]
    assert measured["psnr_low"] == pytest.approx(np.mean(wanted), abs=0.03)


def test_at_most_so_many_frames_are_taken(
    stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    clips = make_clips(clips=1, frames=5)
    write(tmp_path / "low", clips.low[0])
    write(tmp_path / "truth", clips.truth[0])
    stage = with_folder(stage, tmp_path)
    (pair,) = find_pairs(replace(stage, record=replace(stage.record, validation_frames=2)), tmp_path)
    assert [len(frames) for frames in pair.load()] == [2, 2]
    (pair,) = find_pairs(replace(stage, record=replace(stage.record, validation_frames=0)), tmp_path)
    assert [len(frames) for frames in pair.load()] == [5, 5]


def test_ground_truth_alone_is_degraded_in_the_same_way_every_time(
    stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    clips = make_clips(clips=2, frames=4, side=16)
    for name, index in (("a", 0), ("b", 1)):
        write(tmp_path / "data" / name, clips.truth[index])
    data = DataOptions(low_size=16, frames=4)
    loads = []
    for seed in (0, 1):  # the run's seed does not matter
        seeded = with_folder(replace(stage, data=data, seed=seed), tmp_path / "data")
        record = replace(stage.record, validation_frames=4)
        loads.append([pair.load() for pair in find_pairs(replace(seeded, record=record), tmp_path / "cache")])
    assert len(loads[0]) == 2
    for (low, truth), (again, same) in zip(*loads, strict=True):
        assert low.shape == (4, 3, 16, 16)
        assert truth.shape == (4, 3, 64, 64)
        assert torch.equal(low, again)
        assert torch.equal(truth, same)
    assert not torch.equal(loads[0][0][1], loads[0][1][1])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "truth" / "a" / "0001.png").unlink(), "does not fit"),
        (lambda folder: (folder / "low" / "b").mkdir(), "has no clip"),
        (lambda folder: [path.unlink() for path in (folder / "low" / "a").iterdir()], "holds no pictures"),
        (
            lambda folder: cv2.imwrite(str(folder / "low" / "a" / "0001.png"), np.zeros((4, 4, 3))),
            "of different sizes",
        ),
        (lambda folder: write(folder / "low" / "b", torch.rand(1, 3, 8, 8)), "has no clip"),
    ],
)
def test_folders_that_do_not_fit_are_refused_before_the_training(
    spoil: Callable[[Path], None], said: str, stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    clips = make_clips(clips=1, frames=2)
    write(tmp_path / "low" / "a", clips.low[0])
    write(tmp_path / "truth" / "a", clips.truth[0])
    spoil(tmp_path)
    with pytest.raises(TrainingError, match=said):
        find_pairs(with_folder(stage, tmp_path), tmp_path)


def test_clips_that_are_too_short_are_called_so_by_the_option_that_counts(
    stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    write(tmp_path / "data" / "a", make_clips(clips=1, frames=4, side=64).truth[0])
    with pytest.raises(TrainingError, match=r"--validate: .* fewer than the 30 .*record\.validation_frames"):
        find_pairs(with_folder(stage, tmp_path / "data"), tmp_path / "cache")


def test_a_folder_that_is_not_there_is_named(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nowhere"):
        find_pairs(with_folder(stage, tmp_path / "nowhere"), tmp_path)
    assert find_pairs(stage, tmp_path) == ()


def test_the_recurrent_ablation_is_measured_with_its_own_cleaning(
    stage: Stage, make_clips: Callable[..., Clips], tmp_path: Path
) -> None:
    clips = make_clips(clips=1, frames=2)
    write(tmp_path / "low", clips.low[0])
    write(tmp_path / "truth", clips.truth[0])
    recurrent = with_folder(
        replace(stage, network=replace(stage.network, cleaning_kind="recurrent")), tmp_path
    )
    network = initial_state(recurrent, ALONE.device).average
    pairs = find_pairs(recurrent, tmp_path)
    before = validate(network, pairs, recurrent, ALONE, None)["psnr"]
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name == "recurrent_cleaning.1.bias":
                parameter.add_(0.5)
    assert validate(network, pairs, recurrent, ALONE, None)["psnr"] < before - 3


def test_better_is_higher_but_lower_for_lpips() -> None:
    assert is_better("psnr", 30.0, None)
    assert is_better("psnr", 30.0, 29.0)
    assert not is_better("ssim", 0.5, 0.6)
    assert is_better("lpips", 0.2, 0.3)
    assert not is_better("lpips", 0.4, 0.3)
    assert not is_better("psnr", math.nan, None)
