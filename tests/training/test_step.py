"""One iteration: who learns from what, and what happens when a number is not finite."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from tests.training.conftest import ALONE
from training.average import follow
from training.generator import Generator
from training.losses.perceptual import perceptual_loss
from training.objective import Clips, Objective
from training.stage import Stage
from training.state import State, initial_state
from training.step import Step

MakeClips = Callable[..., Clips]


def prepared(stage: Stage) -> tuple[State, Step]:
    state = initial_state(stage, ALONE.device)
    perceptual = perceptual_loss(stage.losses.perceptual) if stage.losses.perceptual else None
    return state, Step(stage, state, Objective(stage.losses, perceptual), ALONE)


def with_cleaning(stage: Stage, how: str) -> Stage:
    return replace(stage, network=replace(stage.network, cleaning=how))


def changed(before: dict[str, torch.Tensor], state: State) -> set[str]:
    """The parts of the generator whose tensors an iteration has changed."""
    now = state.network.state_dict()
    return {".".join(key.split(".")[:2]) for key in now if not torch.equal(now[key], before[key])}


def test_a_step_of_stage_1_moves_everything_but_the_flow(stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(stage)
    before = copy.deepcopy(state.network.state_dict())
    outcome = step([make_clips()])
    assert outcome.losses.keys() == {"pixel", "cleaning"}
    assert not outcome.skipped
    assert changed(before, state) == {
        "image_cleaning.0", "image_cleaning.1", "basicvsr.backward_resblocks", "basicvsr.forward_resblocks",
        "basicvsr.fusion", "basicvsr.upsample1", "basicvsr.upsample2", "basicvsr.conv_hr",
        "basicvsr.conv_last",
    }  # fmt: skip


def test_the_flow_learns_where_the_paper_is_followed(stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(replace(stage, network=replace(stage.network, train_flow=True)))
    before = copy.deepcopy(state.network.state_dict())
    step([make_clips()])
    assert "basicvsr.spynet" in changed(before, state)


def test_fixed_cleaning_does_not_move(stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(with_cleaning(stage, "fixed"))
    before = copy.deepcopy(state.network.state_dict())
    step([make_clips()])
    assert not {part for part in changed(before, state) if part.startswith("image_cleaning")}


def test_stage_2_has_all_losses_and_moves_both_networks(
    perceptual_stage: Stage, make_clips: MakeClips
) -> None:
    state, step = prepared(perceptual_stage)
    assert state.discriminator is not None
    before = copy.deepcopy(state.discriminator.state_dict())
    outcome = step([make_clips()])
    assert outcome.losses.keys() == {"pixel", "cleaning", "perceptual", "adversarial", "real", "fake"}
    assert all(value > 0 for value in outcome.losses.values())
    now = state.discriminator.state_dict()
    assert all(not torch.equal(now[key], before[key]) for key in now)


def test_the_generator_steps_before_the_discriminator_on_frames_from_before(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    """The three steps written out with torch alone (SPEC 6.3)."""
    state, step = prepared(adversarial_stage)
    clips, bce = make_clips(), torch.nn.functional.binary_cross_entropy_with_logits
    network, judge = copy.deepcopy(state.network), copy.deepcopy(state.discriminator)
    assert judge is not None
    network.basicvsr.spynet.requires_grad_(False)
    judge.requires_grad_(False)
    cleaned = network.clean(clips.low)
    restored = network.basicvsr(cleaned)
    logits = judge(restored.flatten(0, 1))
    small = torch.nn.functional.avg_pool2d(clips.sharpened.flatten(0, 1), 4).view_as(cleaned)
    total = (restored - clips.sharpened).abs().mean() + (cleaned - small).abs().mean()
    total = total + 0.05 * bce(logits, torch.ones_like(logits))
    total.backward()
    torch.optim.Adam(
        [p for p in network.parameters() if p.grad is not None], lr=1e-3, betas=(0.9, 0.99)
    ).step()
    judge.requires_grad_(True)
    for frames, label in ((clips.truth, 1.0), (restored.detach(), 0.0)):
        logits = judge(frames.flatten(0, 1))
        bce(logits, torch.full_like(logits, label)).backward()
    torch.optim.Adam(judge.parameters(), lr=1e-4, betas=(0.9, 0.99)).step()
    step([clips])
    for mine, theirs in ((network, state.network), (judge, state.discriminator)):
        assert theirs is not None
        for key, tensor in mine.state_dict().items():
            torch.testing.assert_close(theirs.state_dict()[key], tensor, atol=2e-6, rtol=1e-4, msg=key)


def test_detached_cleaning_learns_from_pixel_and_cleaning_loss_alone(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    """Its gradients are those of a stage without the adversarial loss; the other parts' are not."""
    gradients = {}
    for name, stage in (
        ("detached", with_cleaning(adversarial_stage, "detached")),
        ("trained", adversarial_stage),
        ("without", replace(adversarial_stage, losses=replace(adversarial_stage.losses, adversarial=None))),
    ):
        state, step = prepared(stage)
        step([make_clips()])
        gradients[name] = {key: p.grad for key, p in state.network.named_parameters() if p.grad is not None}
    for key, gradient in gradients["detached"].items():
        like = "without" if key.startswith("image_cleaning") else "trained"
        torch.testing.assert_close(gradient, gradients[like][key], atol=1e-7, rtol=1e-4, msg=key)
    cleaning = "image_cleaning.1.weight"
    assert not torch.allclose(gradients["trained"][cleaning], gradients["without"][cleaning], rtol=1e-3)


def test_accumulated_parts_give_the_gradients_of_the_whole_batch(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    whole = make_clips(clips=4)
    parts = [Clips(*(tensor[i : i + 2] for tensor in whole)) for i in (0, 2)]
    (one, step_one), (two, step_two) = prepared(adversarial_stage), prepared(adversarial_stage)
    first, second = step_one([whole]), step_two(parts)
    # Each forward pass moves the discriminator's spectral norms on, so only its losses differ visibly.
    assert first.losses == pytest.approx(second.losses, abs=1e-4)
    assert first.losses["pixel"] == pytest.approx(second.losses["pixel"], abs=1e-6)
    assert first.gradient_norm == pytest.approx(second.gradient_norm, rel=1e-5)
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        if a.grad is not None and b.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, atol=1e-6, rtol=1e-4)


def test_a_step_without_finite_loss_is_left_out(adversarial_stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(adversarial_stage)
    before = copy.deepcopy((state.network.state_dict(), state.average.state_dict()))
    good = make_clips()
    outcome = step([good._replace(low=good.low.index_fill(1, torch.tensor([1]), float("nan")))])
    assert outcome.skipped
    for kept, now in zip(before, (state.network.state_dict(), state.average.state_dict()), strict=True):
        assert all(torch.equal(now[key], tensor) for key, tensor in kept.items())
    assert not state.optimizer.state
    assert not step([good]).skipped


def test_rates_rise_in_the_warm_up(adversarial_stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(
        replace(adversarial_stage, optimizer=replace(adversarial_stage.optimizer, warmup=4))
    )
    seen = []
    for state.iteration in (0, 1, 3, 10):
        step([make_clips()])
        assert state.discriminator_optimizer is not None
        rates = (state.optimizer.param_groups[0]["lr"], state.discriminator_optimizer.param_groups[0]["lr"])
        seen.append(rates)
    assert seen == [pytest.approx((1e-3 * s, 1e-4 * s)) for s in (0.25, 0.5, 1.0, 1.0)]


def test_clipping_shortens_the_gradient_and_reports_its_length(stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(replace(stage, optimizer=replace(stage.optimizer, clip_norm=1e-3)))
    outcome = step([make_clips()])
    grads = [p.grad for p in state.network.parameters() if p.grad is not None]
    assert outcome.gradient_norm > 1e-2
    assert torch.stack([g.square().sum() for g in grads]).sum().sqrt().item() == pytest.approx(1e-3, rel=1e-3)


def test_bf16_comes_close_to_fp32_and_keeps_weights_in_fp32(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    half = replace(adversarial_stage, optimizer=replace(adversarial_stage.optimizer, precision="bf16"))
    (_, exact), (state, rough) = prepared(adversarial_stage), prepared(half)
    one, two = exact([make_clips()]), rough([make_clips()])
    assert two.losses == pytest.approx(one.losses, rel=0.02)
    assert two.losses != one.losses
    assert {p.dtype for p in state.network.parameters()} == {torch.float32}


def test_the_flow_stays_fp32_under_autocast(stage: Stage) -> None:
    state, _ = prepared(stage)
    frames = torch.rand(1, 2, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        under = state.network.basicvsr.flows(frames)
    with torch.no_grad():
        plain = state.network.basicvsr.flows(frames)
    assert all(torch.equal(a, b) for a, b in zip(under, plain, strict=True))


def test_the_average_follows_what_learns_and_copies_what_does_not(
    stage: Stage, make_clips: MakeClips
) -> None:
    state, step = prepared(stage)
    started = copy.deepcopy(state.average.state_dict())
    step([make_clips()])
    for key, mean in state.average.state_dict().items():
        live = state.network.state_dict()[key]
        wanted = live if "spynet" in key else 0.999 * started[key] + 0.001 * live
        torch.testing.assert_close(mean, wanted, atol=1e-7, rtol=1e-6)


def test_a_frozen_part_is_copied_even_where_it_differs(stage: Stage) -> None:
    state, _ = prepared(stage)
    with torch.no_grad():
        next(state.network.basicvsr.spynet.parameters()).add_(1.0)
    follow(state.average, state.network, 0.9)
    assert torch.equal(
        next(state.average.basicvsr.spynet.parameters()), next(state.network.basicvsr.spynet.parameters())
    )


def test_recurrent_cleaning_trains(stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(replace(stage, network=replace(stage.network, cleaning_kind="recurrent")))
    before = copy.deepcopy(state.network.state_dict())
    step([make_clips()])
    assert {"recurrent_cleaning.0", "recurrent_cleaning.1"} <= changed(before, state)


def test_a_threshold_that_no_pass_reaches_makes_three_passes(stage: Stage) -> None:
    """Three is the released code's cap (SPEC 4); the threshold alone must do something."""
    state, _ = prepared(stage)
    network = state.network
    options = replace(stage.network, refinement_threshold=0.0)
    low = torch.rand(1, 2, 3, 8, 8)
    wanted = low
    with torch.no_grad():
        for _ in range(3):
            wanted = wanted + network.image_cleaning(wanted[0])[None]
        cleaned = Generator(network, options)(low).cleaned
    torch.testing.assert_close(cleaned, wanted, atol=1e-5, rtol=1e-4)


def test_the_stage_1_loss_falls_tenfold_on_one_clip(stage: Stage, make_clips: MakeClips) -> None:
    """The network can learn a clip by heart: forward, backward, optimiser and losses fit together."""
    options = replace(stage.network, mid_channels=16, propagation_blocks=2, cleaning_blocks=2)
    state, step = prepared(replace(stage, network=options, optimizer=replace(stage.optimizer, warmup=10)))
    clips = make_clips(clips=1, noise=0.0)
    losses = []
    for state.iteration in range(140):
        losses.append(sum(step([clips]).losses.values()))
    assert min(losses[-20:]) < losses[0] / 10
