"""One iteration of a cleaning stage."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from tests.training.conftest import ALONE
from training.errors import TrainingError
from training.losses.frames import load_frame_losses
from training.losses.options import AdversarialOptions, PerceptualOptions
from training.options import build
from training.pool.samples import CleaningBatch
from training.stage import CleaningOptions, LossOptions, Stage
from training.state import State, initial_state
from training.update.cleaning_objective import CleaningObjective
from training.update.cleaning_step import CleaningFrames, CleaningStep, frames_of


def cleaning_stage(stage: Stage, **options: float) -> Stage:
    return replace(stage, cleaning=CleaningOptions(**options), losses=LossOptions(cleaning="l1"))


def prepared(stage: Stage) -> tuple[State, CleaningStep]:
    state = initial_state(stage, ALONE.device)
    assert stage.cleaning is not None
    objective = CleaningObjective(stage.cleaning, stage.losses, load_frame_losses(stage.losses))
    return state, CleaningStep(stage, state, objective, ALONE)


def frames(count: int = 4, seed: int = 0) -> CleaningFrames:
    generator = torch.Generator().manual_seed(seed)
    low, truth, teacher_frames = (torch.rand(count, 3, 12, 12, generator=generator) for _ in range(3))
    return CleaningFrames(low, {"truth_bicubic": truth, "teacher_area": teacher_frames})


def test_the_cleaning_network_alone_moves(stage: Stage) -> None:
    state, step = prepared(cleaning_stage(stage, teacher_area=1.0))
    before = copy.deepcopy(state.network.state_dict())
    outcome = step([frames()])
    now = state.network.state_dict()
    changed = {key.partition(".")[0] for key in now if not torch.equal(now[key], before[key])}
    assert changed == {"image_cleaning"}
    assert outcome.losses.keys() == {"cleaning", "first_pass", "last_pass"}
    assert not outcome.skipped


def test_each_pass_learns_from_its_own_result_and_each_frame_counts_alike(stage: Stage) -> None:
    """Three passes over 4, 2 and 1 frames, written out with torch alone."""
    options = cleaning_stage(stage, passes=3, again=0.5, truth_bicubic=0.25, teacher_area=2.0)
    state, step = prepared(options)
    network, batch = copy.deepcopy(state.network.cleaning), frames()
    assert network is not None
    low, total = batch.low, torch.zeros(())
    for number, count in enumerate((4, 2, 1)):
        low = low[:count].detach()
        cleaned = low + network(low)
        truth, teacher_frames = (batch.targets[name][:count] for name in ("truth_bicubic", "teacher_area"))
        loss = 0.25 * (cleaned - truth).abs().mean() + 2.0 * (cleaned - teacher_frames).abs().mean()
        total = total + loss * 0.5**number
        low = cleaned
    total.backward()
    torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.9, 0.99)).step()
    outcome = step([batch])
    assert outcome.losses["cleaning"] == pytest.approx(float(total.detach()), rel=1e-5)
    for mine, theirs in zip(network.parameters(), state.network.image_cleaning.parameters(), strict=True):
        torch.testing.assert_close(theirs, mine, atol=2e-6, rtol=1e-4)


def test_losses_on_features_see_the_first_frames_of_each_pass_at_twice_their_size(stage: Stage) -> None:
    looking = replace(
        cleaning_stage(stage, passes=2, again=0.5),
        losses=LossOptions(perceptual=PerceptualOptions(weight=1.0, lpips=2.0, backbone="vgg16", frames=3)),
    )
    state, step = prepared(looking)
    network, batch = copy.deepcopy(state.network.cleaning), frames()
    assert network is not None
    losses = load_frame_losses(looking.losses)
    total, low = 0.0, batch.low
    with torch.no_grad():
        for number, count in enumerate((3, 2)):
            low = low[: 4 if number == 0 else 2]
            low = low + network(low)
            seen, wanted = (
                torch.nn.functional.interpolate(part[:count], scale_factor=2, mode="bilinear")
                for part in (low, batch.targets["truth_bicubic"])
            )
            total += 0.5**number * float(losses(seen, wanted).losses["perceptual"])
    outcome = step([batch])
    assert outcome.losses["perceptual"] == pytest.approx(total, rel=1e-4)
    assert outcome.losses["lpips_loss"] > 0


def test_a_discriminator_on_features_learns_beside_the_cleaning_network(stage: Stage) -> None:
    playing = replace(
        cleaning_stage(stage, passes=2),
        losses=LossOptions(
            perceptual=PerceptualOptions(weight=0.0, backbone="vgg16"),
            adversarial=AdversarialOptions(kind="features", share=0.5, mid_channels=4),
        ),
    )
    state, step = prepared(playing)
    assert state.discriminator is not None
    before = copy.deepcopy(state.discriminator.state_dict())
    first = step([frames()])
    state.iteration = 40  # the ramp's end
    second = step([frames(seed=1)])
    assert first.losses["adversarial_weight"] == 0.0
    assert second.losses["adversarial_weight"] > 0
    assert second.losses.keys() >= {"adversarial", "real", "fake"}
    now = state.discriminator.state_dict()
    assert any(not torch.equal(now[key], tensor) for key, tensor in before.items())


def test_accumulated_parts_give_the_gradients_of_the_whole_batch(stage: Stage) -> None:
    options = cleaning_stage(stage, passes=1)
    whole = frames()
    parts = [
        CleaningFrames(whole.low[i : i + 2], {name: t[i : i + 2] for name, t in whole.targets.items()})
        for i in (0, 2)
    ]
    (one, step_one), (two, step_two) = prepared(options), prepared(options)
    first, second = step_one([whole]), step_two(parts)
    assert first.losses == pytest.approx(second.losses, rel=1e-5)
    assert first.gradient_norm == pytest.approx(second.gradient_norm, rel=1e-5)
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_a_batch_without_finite_loss_is_left_out(stage: Stage) -> None:
    state, step = prepared(cleaning_stage(stage))
    before = copy.deepcopy(state.network.state_dict())
    broken = frames()
    outcome = step([broken._replace(low=broken.low * float("nan"))])
    assert outcome.skipped
    assert all(torch.equal(tensor, before[key]) for key, tensor in state.network.state_dict().items())


def test_many_steps_bring_frames_nearer_to_their_targets(stage: Stage) -> None:
    fast = replace(cleaning_stage(stage), optimizer=replace(stage.optimizer, learning_rate=1e-2))
    _, step = prepared(fast)
    low = frames().low
    batch = CleaningFrames(low, {"truth_bicubic": 0.5 * low})
    losses = [step([batch]).losses["first_pass"] for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]


def test_the_picture_shows_the_frame_each_pass_and_the_targets(stage: Stage) -> None:
    _, step = prepared(cleaning_stage(stage, passes=2, teacher_area=1.0))
    batch = frames()
    shown = step([batch]).picture
    assert len(shown) == 1 + 2 + 2
    assert torch.equal(shown[0], batch.low[0])
    assert torch.equal(shown[-2], batch.targets["truth_bicubic"][0])


def test_frames_of_8_bits_become_floats_of_0_to_1() -> None:
    low = torch.arange(12, dtype=torch.uint8).view(1, 3, 2, 2) * 20
    on_device = frames_of(CleaningBatch(low, {"truth_area": low + 1}), torch.device("cpu"))
    torch.testing.assert_close(on_device.low, low.float() / 255)
    torch.testing.assert_close(on_device.targets["truth_area"], (low + 1).float() / 255)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"passes": 0}, "passes must be 1 to 100"),
        ({"again": 0.0}, "again must lie above 0"),
        ({"truth_bicubic": 0.0}, "one of them above 0"),
        ({"teacher_area": -1.0}, "0 or more"),
    ],
)
def test_impossible_options_are_refused(values: dict[str, float], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        build(CleaningOptions, values)


def test_a_discriminator_on_pixels_has_no_place_in_a_cleaning_stage(stage: Stage) -> None:
    with pytest.raises(TrainingError, match=r'adversarial.kind = "features"'):
        replace(stage, cleaning=CleaningOptions(), losses=LossOptions(adversarial=AdversarialOptions()))


def test_a_network_without_cleaning_has_no_cleaning_stage(stage: Stage) -> None:
    with pytest.raises(TrainingError, match="cleaning_blocks of 1 or more"):
        replace(stage, network=replace(stage.network, cleaning_blocks=0), cleaning=CleaningOptions())
