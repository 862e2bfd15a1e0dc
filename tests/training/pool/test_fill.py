"""Filling: what samples are, and that what is there stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tests.training.data.synthetic.test_drawings import drawing
from training.data.options import DataOptions
from training.degradation.options import (
    BlurOptions,
    CompressionOptions,
    DegradationOptions,
    FinalOptions,
    JpegOptions,
    NoiseOptions,
    OrderOptions,
    Range,
    ResizeOptions,
)
from training.errors import TrainingError
from training.pool import fill as filling
from training.pool.fill import CLIPS_OF_A_SHARD, fill
from training.reduction import reduced_bicubically, reduced_by_area
from training.stage import OptimizerOptions, SourceOptions, Stage

_NEVER = OrderOptions(
    blur=BlurOptions(probability=0.0), resize=ResizeOptions(probability=0.0),
    noise=NoiseOptions(probability=0.0), jpeg=JpegOptions(probability=0.0),
    compression=CompressionOptions(probability=0.0),
)  # fmt: skip
_CLEAN = DegradationOptions(
    first=_NEVER, second_order=False, sharpen=False,
    final=FinalOptions(filters=("area",), sinc_probability=0.0),
)  # fmt: skip
_NOISY = replace(
    _CLEAN,
    first=replace(_NEVER, noise=NoiseOptions(gaussian=1.0, sigma=Range(low=60.0, high=60.0))),
)


class Darker(nn.Module):
    """A teacher whose answer can be told: half as bright, enlarged by repetition."""

    def forward(self, frames: Tensor) -> Tensor:
        return 0.5 * frames.repeat_interleave(4, 2).repeat_interleave(4, 3)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    rng = np.random.default_rng(0)
    for clip in range(2):
        (folder / f"{clip}").mkdir()
        for frame in range(3):
            picture = cv2.resize(rng.random((5, 5, 3)), (40, 40), interpolation=cv2.INTER_LINEAR)
            cv2.imwrite(str(folder / f"{clip}" / f"{frame}.png"), (255 * picture).astype(np.uint8))
    return folder


def stage(footage: Path, degradation: DegradationOptions) -> Stage:
    data = DataOptions(low_size=8, frames=3, mirror=False, workers=0)
    sources = SourceOptions(data=(str(footage),))
    return Stage(iterations=1, data=data, degradation=degradation, sources=sources)


def stored(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "00000000.safetensors")


@pytest.mark.parametrize("sharpen", [False, True])
def test_a_clean_frame_is_its_truth_reduced_by_area(footage: Path, tmp_path: Path, sharpen: bool) -> None:
    """Also where the stage sharpens for its losses: cleaning must not learn to undo that."""
    clean = stage(footage, replace(_CLEAN, sharpen=sharpen))
    assert fill(clean, tmp_path, count=1, frames=2, teacher=None) == 2 * CLIPS_OF_A_SHARD
    samples = stored(tmp_path)
    assert samples.keys() == {"low", "truth_area", "truth_bicubic"}
    assert samples["low"].shape == (2 * CLIPS_OF_A_SHARD, 3, 8, 8)
    assert (samples["low"].int() - samples["truth_area"].int()).abs().max() <= 1


def test_the_teacher_is_asked_about_damaged_frames_alone(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "load_teacher", lambda folder: Darker())
    fill(stage(footage, _CLEAN), tmp_path / "clean", count=1, frames=1, teacher=tmp_path)
    clean = stored(tmp_path / "clean")
    assert torch.equal(clean["teacher_area"], clean["truth_area"])
    fill(stage(footage, _NOISY), tmp_path / "noisy", count=1, frames=1, teacher=tmp_path)
    noisy = stored(tmp_path / "noisy")
    assert (noisy["teacher_area"].float() - noisy["low"].float() / 2).abs().max() <= 0.5
    assert (noisy["truth_area"].float() - noisy["low"].float()).abs().mean() > 5


def test_a_stopped_filling_goes_on_with_the_samples_of_an_unstopped_one(
    footage: Path, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    seen: list[int] = []
    fill(stage(footage, _NOISY), whole, count=2 * CLIPS_OF_A_SHARD, frames=1, teacher=None)
    fill(stage(footage, _NOISY), parted, count=CLIPS_OF_A_SHARD, frames=1, teacher=None)
    fill(
        stage(footage, _NOISY), parted, count=2 * CLIPS_OF_A_SHARD, frames=1, teacher=None,
        progress=seen.append,
    )  # fmt: skip
    for name in ("00000000.safetensors", "00000001.safetensors", "pool.json"):
        assert (whole / name).read_bytes() == (parted / name).read_bytes()
    assert seen == [CLIPS_OF_A_SHARD, 2 * CLIPS_OF_A_SHARD]


def test_a_shard_that_was_deleted_is_made_again_as_it_was(footage: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    samples = 3 * CLIPS_OF_A_SHARD
    fill(stage(footage, _NOISY), tmp_path, count=samples, frames=1, teacher=None)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    (tmp_path / "00000001.safetensors").unlink()
    there = fill(
        stage(footage, _NOISY), tmp_path, count=samples, frames=1, teacher=None, progress=seen.append
    )
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")} == before
    assert there == samples
    assert seen == [2 * CLIPS_OF_A_SHARD, samples]


def test_footage_that_cannot_be_used_is_told_as_in_training(
    footage: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mixed = tmp_path / "footage"
    shutil.copytree(footage, mixed)
    (mixed / "short").mkdir()
    shutil.copy(mixed / "0" / "0.png", mixed / "short")
    damaged = mixed / "1" / "2.png"
    damaged.write_bytes(damaged.read_bytes()[:100])
    with caplog.at_level("INFO", logger="training"):
        fill(stage(mixed, _CLEAN), tmp_path / "pool", count=1, frames=1, teacher=None)
    left_out, *others = caplog.messages
    assert left_out.startswith(f"left out: {mixed / 'short'}: fewer than the 3 frames")
    assert len(others) == 1
    assert others[0].startswith("another clip was taken instead: ")
    assert str(damaged) in others[0]


@pytest.mark.parametrize("error", [RuntimeError("DataLoader worker (pid 7) is killed"), EOFError()])
def test_a_lost_loader_process_ends_the_filling_with_a_sentence(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def lost(*_: object, **__: object) -> Iterator[object]:
        raise error
        yield

    monkeypatch.setattr(filling, "make_loader", lost)
    with pytest.raises(TrainingError, match=r"^A loader process ended, .* Run it again to go on\.$"):
        fill(stage(footage, _CLEAN), tmp_path, count=1, frames=1, teacher=None)


def test_other_options_are_refused_in_a_pool_that_was_begun(footage: Path, tmp_path: Path) -> None:
    fill(stage(footage, _CLEAN), tmp_path, count=1, frames=1, teacher=None)
    with pytest.raises(TrainingError, match="degradation"):
        fill(stage(footage, _NOISY), tmp_path, count=1, frames=1, teacher=None)


def test_a_pool_goes_on_from_wherever_its_footage_is_named(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stage(footage, _CLEAN), tmp_path, count=1, frames=1, teacher=None)
    monkeypatch.chdir(footage.parent)
    more = fill(stage(Path(footage.name), _CLEAN), tmp_path, count=33, frames=1, teacher=None)
    assert more == 2 * CLIPS_OF_A_SHARD


def test_the_teachers_answers_in_another_precision_are_another_pool(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "load_teacher", lambda folder: Darker())
    whole = stage(footage, _NOISY)
    half = replace(whole, optimizer=OptimizerOptions(precision="bf16"))
    fill(whole, tmp_path, count=1, frames=1, teacher=tmp_path)
    with pytest.raises(TrainingError, match="teacher"):
        fill(half, tmp_path, count=33, frames=1, teacher=tmp_path)


def test_more_frames_than_a_clip_has_are_refused(footage: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--frames must be 1 to 3"):
        fill(stage(footage, _CLEAN), tmp_path, count=1, frames=4, teacher=None)


def test_reduction_by_area_is_the_mean_and_bicubic_keeps_a_ramp() -> None:
    torch.manual_seed(0)
    frames = torch.rand(1, 3, 16, 24)
    mean = frames.view(1, 3, 4, 4, 6, 4).mean((3, 5))
    torch.testing.assert_close(reduced_by_area(frames), mean)
    ramp = torch.linspace(0.2, 0.8, 64).expand(1, 3, 64, 64)
    small = reduced_bicubically(ramp)
    assert small.shape == (1, 3, 16, 16)
    # Away from the edges a ramp is a ramp of the same slope, at the middles of 4 pixels.
    torch.testing.assert_close(
        small[0, 0, 8, 3:13], ramp[0, 0, 0].view(16, 4).mean(1)[3:13], atol=1e-4, rtol=0
    )


def test_options_of_drawings_and_text_matter_only_where_there_are_some(footage: Path, tmp_path: Path) -> None:
    """A pool that was begun before there were such options goes on."""
    fill(stage(footage, _CLEAN), tmp_path / "pool", count=1, frames=1, teacher=None)
    facts = json.loads(next((tmp_path / "pool").glob("*.json")).read_text())
    assert "motion" in facts["data"]
    assert not {"drawings", "text"} & set(facts["data"])
    drawing(tmp_path / "drawings" / "disc.png")
    drawn = stage(footage, _CLEAN)
    drawn = replace(drawn, sources=replace(drawn.sources, drawings=(str(tmp_path / "drawings"),)))
    fill(drawn, tmp_path / "other", count=1, frames=1, teacher=None)
    facts = json.loads(next((tmp_path / "other").glob("*.json")).read_text())
    assert "drawings" in facts["data"]
