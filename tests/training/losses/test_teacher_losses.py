"""Losses against a teacher's frames, by hand and through whole steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.training.conftest import ALONE
from training.errors import TrainingError
from training.losses.frames import load_frame_losses
from training.losses.options import LossOptions, PerceptualOptions, TeacherOptions
from training.stage import Stage
from training.state import initial_state
from training.update.objective import Clips, Objective
from training.update.step import Step

WEIGHTS = {"pixel": 0.5, "perceptual": 0.25, "lpips": 2.0}


class Enlarging(nn.Module):
    """Stands for a teacher: enlarges, a little too bright, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Tensor] = []
        self.under: list[tuple[bool, bool]] = []

    def forward(self, low: Tensor) -> Tensor:
        self.asked.append(low)
        self.under.append((torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")))
        return F.interpolate(low, scale_factor=4.0, mode="bilinear") + 0.2


def options(frames: int = 0, frames_at_once: int = 0, **weights: float) -> LossOptions:
    perceptual = PerceptualOptions(backbone="vgg16", weight=0.0, frames=frames, frames_at_once=frames_at_once)
    return LossOptions(perceptual=perceptual, teacher=TeacherOptions(model="a folder", **weights))


def test_the_losses_are_those_against_the_truth_with_the_teachers_frames_in_its_place() -> None:
    truth = LossOptions(perceptual=PerceptualOptions(backbone="vgg16", weight=1.0, lpips=1.0))
    prediction, target, teacher_frames = (
        torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in range(3)
    )
    wanted = load_frame_losses(truth)(prediction, teacher_frames).losses
    losses = load_frame_losses(options(**WEIGHTS))(prediction, target, teacher_frames).losses
    assert losses.keys() == {"teacher_pixel", "teacher_perceptual", "teacher_lpips"}
    assert losses["teacher_pixel"].item() == pytest.approx(
        0.5 * (prediction - teacher_frames).abs().mean().item()
    )
    assert losses["teacher_perceptual"].item() == pytest.approx(0.25 * wanted["perceptual"].item())
    assert losses["teacher_lpips"].item() == pytest.approx(2.0 * wanted["lpips_loss"].item())


def test_without_the_teachers_frames_there_are_no_such_losses() -> None:
    frames = torch.rand(1, 3, 16, 16)
    assert load_frame_losses(options(**WEIGHTS))(frames, frames).losses == {}


def test_pixels_alone_need_no_backbone() -> None:
    wanted = LossOptions(teacher=TeacherOptions(model="a folder", pixel=1.0))
    losses = load_frame_losses(wanted)
    assert losses.features is None
    frames = torch.rand(1, 3, 16, 16)
    assert losses(frames, frames, frames + 0.1).losses["teacher_pixel"].item() == pytest.approx(0.1)


@pytest.mark.parametrize("frames_at_once", [0, 1])
def test_the_teacher_sees_the_picked_low_frames_alone_and_is_clamped(
    stage: Stage, make_clips: Callable[..., Clips], frames_at_once: int
) -> None:
    wanted, teacher = options(1, frames_at_once, pixel=1.0), Enlarging()
    objective, clips = Objective(wanted, load_frame_losses(wanted), teacher), make_clips()
    state = initial_state(replace(stage, losses=wanted), ALONE.device)
    result = Step(replace(stage, losses=wanted), state, objective, ALONE)([clips])
    seen = torch.cat(teacher.asked)
    assert len(seen) == 2
    assert all(any(torch.equal(one, low) for low in clips.low.flatten(0, 1)) for one in seen)
    assert set(teacher.under) == {(False, False)}
    assert result.losses.keys() == {"pixel", "cleaning", "teacher_pixel"}
    answer = objective._teacher_frames(seen)
    assert answer is not None
    torch.testing.assert_close(
        answer, (F.interpolate(seen, scale_factor=4.0, mode="bilinear") + 0.2).clamp(0, 1)
    )


def test_the_teacher_computes_in_the_runs_precision(stage: Stage, make_clips: Callable[..., Clips]) -> None:
    wanted, teacher = options(pixel=1.0), Enlarging()
    half = replace(stage, losses=wanted, optimizer=replace(stage.optimizer, precision="bf16"))
    objective = Objective(wanted, load_frame_losses(wanted), teacher)
    Step(half, initial_state(half, ALONE.device), objective, ALONE)([make_clips()])
    assert teacher.under == [(False, True)]


def test_detached_cleaning_learns_nothing_of_the_teacher(
    stage: Stage, make_clips: Callable[..., Clips]
) -> None:
    gradients = []
    for losses in (options(**WEIGHTS), LossOptions()):
        network = replace(stage.network, cleaning="detached")
        detached = replace(stage, losses=losses, network=network)
        state = initial_state(detached, ALONE.device)
        teacher = Enlarging() if losses.teacher else None
        Step(detached, state, Objective(losses, load_frame_losses(losses), teacher), ALONE)([make_clips()])
        gradients.append({k: p.grad for k, p in state.network.named_parameters() if "cleaning" in k})
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][key], atol=1e-7, rtol=1e-4, msg=key)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pixel": -1.0, "model": "x"}, "weights must be 0 or more"),
        ({"pixel": 1.0}, r"name the folder .* in losses\.teacher\.model"),
    ],
)
def test_weights_below_0_and_a_teacher_without_a_folder_are_refused(
    values: dict[str, float], said: str
) -> None:
    with pytest.raises(TrainingError, match=said):
        TeacherOptions(**values)


def test_a_teacher_behind_a_backbone_needs_one_and_lpips_needs_vgg16() -> None:
    with pytest.raises(TrainingError, match=r"look through losses\.perceptual\.backbone: set it"):
        LossOptions(teacher=TeacherOptions(model="x", perceptual=1.0))
    vgg19 = PerceptualOptions(backbone="vgg19")
    LossOptions(perceptual=vgg19, teacher=TeacherOptions(model="x", perceptual=1.0))
    with pytest.raises(TrainingError, match=r"teacher\.lpips looks through VGG-16"):
        LossOptions(perceptual=vgg19, teacher=TeacherOptions(model="x", lpips=1.0))
