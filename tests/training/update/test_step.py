"""One iteration: who learns from what, and what happens when a number is not finite."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tests.training.conftest import ALONE
from training.backbones import load
from training.losses.feature_discriminator import FeatureDiscriminator, channel_sums
from training.losses.frames import load_frame_losses
from training.losses.picks import draw_picks
from training.model.generator import Generator, Restoration
from training.stage import Stage
from training.state import State, initial_state
from training.update.average import follow
from training.update.objective import Clips, Objective
from training.update.step import Step

MakeClips = Callable[..., Clips]


def prepared(stage: Stage) -> tuple[State, Step]:
    state = initial_state(stage, ALONE.device)
    return state, Step(stage, state, Objective(stage.losses, load_frame_losses(stage.losses)), ALONE)


def vgg16() -> Callable[[torch.Tensor], list[torch.Tensor]]:
    """Features as torchvision's models want their pictures."""
    network = load("vgg16")
    mean, std = (torch.tensor(x).view(3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return lambda frames: network((frames - mean) / std)


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
    assert outcome.losses.keys() == {
        "pixel", "cleaning", "perceptual", "adversarial", "adversarial_weight", "real", "fake",
    }  # fmt: skip
    assert all(value > 0 for value in outcome.losses.values())
    now = state.discriminator.state_dict()
    assert all(not torch.equal(now[key], before[key]) for key in now)


def test_the_generator_steps_before_the_discriminator_on_frames_from_before(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    """The three steps written out with torch alone (specification, section 6.3)."""
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
    """Three is the released code's cap (specification, section 4); the threshold alone must do something."""
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


def looking_at(stage: Stage, frames: int) -> Stage:
    assert stage.losses.perceptual is not None
    perceptual = replace(stage.losses.perceptual, frames=frames)
    return replace(stage, losses=replace(stage.losses, perceptual=perceptual))


@pytest.mark.parametrize("frames", [0, 1])
def test_heads_on_features_play_the_hinge_game_on_the_perceptual_losses_features(
    feature_stage: Stage, make_clips: MakeClips, frames: int
) -> None:
    """The losses of both sides and the measured ratio, written out with torch alone; of 3 frames or of 1."""
    state, step = prepared(looking_at(feature_stage, frames))
    picks = draw_picks(feature_stage.seed, range(2), 3, frames)
    chosen = torch.arange(3).expand(2, 3) if picks is None else picks
    rows = torch.arange(2)[:, None]
    clips = make_clips()
    network, judge, look = copy.deepcopy(state.network), copy.deepcopy(state.discriminator), vgg16()
    assert isinstance(judge, FeatureDiscriminator)
    with torch.no_grad():
        restored = network.basicvsr(network.clean(clips.low))
    restored.requires_grad_()
    wanted, seen = (look(clip[rows, chosen].flatten(0, 1)) for clip in (clips.sharpened, restored))
    judge.fit(channel_sums(wanted[1:4]))
    adversarial = -torch.stack([logits.mean() for logits in judge.eval()(seen[1:4])]).mean()
    distances = [(one - other).abs().mean() for one, other in zip(seen, wanted, strict=True)]
    perceptual = sum(weight * one for weight, one in zip((0.1, 0.1, 1, 1, 1), distances, strict=True))
    others = (restored - clips.sharpened).abs().mean() + perceptual
    gradients = [torch.autograd.grad(loss, restored, retain_graph=True)[0] for loss in (others, adversarial)]
    lengths = [gradient[rows, chosen].norm() for gradient in gradients]
    judge.train()
    real = torch.stack([F.relu(1 - logits).mean() for logits in judge(wanted[1:4])]).mean() / 2
    fake = torch.stack([F.relu(1 + logits).mean() for logits in judge(seen[1:4])]).mean() / 2
    outcome = step([clips])
    assert outcome.losses["perceptual"] == pytest.approx(perceptual.item(), rel=1e-4)
    assert outcome.losses["adversarial"] == outcome.losses["adversarial_weight"] == 0, "the ramp begins"
    assert outcome.losses["real"] == pytest.approx(real.item(), rel=1e-4)
    assert outcome.losses["fake"] == pytest.approx(fake.item(), rel=1e-4)
    assert state.gradient_ratio == pytest.approx((lengths[0] / lengths[1]).item(), rel=1e-3)


def test_an_iteration_that_measures_gives_the_gradients_of_one_that_does_not(
    feature_stage: Stage, make_clips: MakeClips
) -> None:
    gradients = []
    for iteration in (48, 49):
        state, step = prepared(feature_stage)
        state.iteration, state.gradient_ratio = iteration, 2.0
        outcome = step([make_clips()])
        assert outcome.losses["adversarial_weight"] == pytest.approx(0.5 * 2.0)
        assert (state.gradient_ratio == 2.0) == (iteration == 49)
        gradients.append({key: p.grad for key, p in state.network.named_parameters() if p.grad is not None})
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][key], gradient, atol=1e-6, rtol=1e-3, msg=key)


@pytest.mark.parametrize(("frames", "frames_at_once"), [(0, 4), (2, 0), (2, 3)])
def test_accumulated_parts_measure_what_the_whole_batch_measures(
    feature_stage: Stage, make_clips: MakeClips, frames: int, frames_at_once: int
) -> None:
    """Also where frames are looked at in parts and computed again in the backward pass."""
    stage = replace(looking_at(feature_stage, frames), batch=4)
    assert stage.losses.perceptual is not None
    perceptual = replace(stage.losses.perceptual, frames_at_once=frames_at_once)
    parted = replace(stage, losses=replace(stage.losses, perceptual=perceptual))
    whole = make_clips(clips=4)
    parts = [Clips(*(tensor[i : i + 2] for tensor in whole)) for i in (0, 2)]
    (one, step_one), (two, step_two) = prepared(stage), prepared(parted)
    for state in (one, two):
        state.iteration, state.gradient_ratio = 48, 2.0
    first, second = step_one([whole]), step_two(parts)
    for name, value in first.losses.items():
        # Each forward pass of the discriminator's own step moves its spectral norms on.
        wanted = pytest.approx(value, rel=0.02 if name in ("real", "fake") else 1e-4)
        assert second.losses[name] == wanted, name
    assert two.gradient_ratio == pytest.approx(one.gradient_ratio, rel=1e-4)
    assert second.gradient_norm == pytest.approx(first.gradient_norm, rel=1e-4)
    for name, tensor in one.discriminator.state_dict().items():
        if name.endswith("scale"):
            torch.testing.assert_close(two.discriminator.state_dict()[name], tensor)


def test_a_share_weighs_the_discriminator_on_pixels_too(
    adversarial_stage: Stage, make_clips: MakeClips
) -> None:
    assert adversarial_stage.losses.adversarial is not None
    adversarial = replace(adversarial_stage.losses.adversarial, share=0.5)
    state, step = prepared(
        replace(adversarial_stage, losses=replace(adversarial_stage.losses, adversarial=adversarial))
    )
    clips = make_clips()
    network, judge = copy.deepcopy(state.network), copy.deepcopy(state.discriminator)
    with torch.no_grad():
        restored = network.basicvsr(network.clean(clips.low))
    restored.requires_grad_()
    logits = judge(restored.flatten(0, 1))
    losses = ((restored - clips.sharpened).abs().mean(), F.softplus(-logits).mean())
    lengths = [torch.autograd.grad(loss, restored, retain_graph=True)[0].norm() for loss in losses]
    step([clips])
    assert state.gradient_ratio == pytest.approx((lengths[0] / lengths[1]).item(), rel=1e-3)


def test_detached_cleaning_learns_nothing_of_a_share_either(
    feature_stage: Stage, make_clips: MakeClips
) -> None:
    gradients = []
    alone = replace(feature_stage, losses=replace(feature_stage.losses, perceptual=None, adversarial=None))
    for stage in (with_cleaning(feature_stage, "detached"), alone):
        state, step = prepared(stage)
        state.iteration, state.gradient_ratio = 48, 2.0
        step([make_clips()])
        cleaning = {k: p.grad for k, p in state.network.named_parameters() if k.startswith("image_cleaning")}
        gradients.append(cleaning)
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][key], atol=1e-7, rtol=1e-4, msg=key)


def test_a_step_that_is_left_out_measures_nothing(feature_stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(feature_stage)
    good = make_clips()
    bad = good._replace(low=good.low.index_fill(1, torch.tensor([1]), float("nan")))
    assert step([bad]).skipped
    assert state.gradient_ratio is None
    assert not step([good]).skipped
    assert state.gradient_ratio is not None


def test_bf16_comes_close_with_heads_on_features(feature_stage: Stage, make_clips: MakeClips) -> None:
    half = replace(feature_stage, optimizer=replace(feature_stage.optimizer, precision="bf16"))
    (exact, step), (rough, rough_step) = prepared(feature_stage), prepared(half)
    one, two = step([make_clips()]), rough_step([make_clips()])
    assert two.losses == pytest.approx(one.losses, rel=0.03)
    assert rough.gradient_ratio == pytest.approx(exact.gradient_ratio, rel=0.05)


def test_losses_on_some_frames_send_no_gradient_to_the_others(
    feature_stage: Stage, make_clips: MakeClips
) -> None:
    """All of them together, with the discriminator on features, on frame 1 of one clip and 2 of another."""
    assert feature_stage.losses.perceptual is not None
    perceptual = replace(feature_stage.losses.perceptual, lpips=1.0, dists=1.0)
    losses = replace(feature_stage.losses, perceptual=perceptual, pixel_weight=0.0, cleaning_weight=0.0)
    objective, clips = Objective(losses, load_frame_losses(losses)), make_clips()
    state = initial_state(replace(feature_stage, losses=losses), ALONE.device)
    picks = torch.tensor([[1], [2]])
    judge = state.discriminator
    assert isinstance(judge, FeatureDiscriminator)
    judge.eval().fit(channel_sums(objective.real_features(clips, picks)))
    restored = clips.sharpened.roll(1, -1).requires_grad_()
    terms = objective(Restoration(restored, clips.low, clips.low), clips, judge, picks)
    assert terms.losses.keys() == {"pixel", "perceptual", "lpips_loss", "dists_loss"}
    assert terms.adversarial is not None
    torch.stack([*terms.losses.values(), terms.adversarial]).sum().backward()
    assert (restored.grad != 0).flatten(2).any(2).tolist() == [[False, True, False], [False, False, True]]


def test_detached_cleaning_learns_from_the_temporal_loss(stage: Stage, make_clips: MakeClips) -> None:
    """It compares pixels: with nothing else, detached cleaning learns what trained cleaning learns."""
    gradients = []
    for how in ("detached", "trained"):
        moving = with_cleaning(replace(stage, losses=replace(stage.losses, temporal=2.0)), how)
        state, step = prepared(moving)
        assert step([make_clips()]).losses.keys() == {"pixel", "temporal", "cleaning"}
        gradients.append({key: p.grad for key, p in state.network.named_parameters() if p.grad is not None})
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][key], atol=1e-7, rtol=1e-4, msg=key)


def test_fixed_cleaning_works_with_a_share(feature_stage: Stage, make_clips: MakeClips) -> None:
    state, step = prepared(with_cleaning(feature_stage, "fixed"))
    before = copy.deepcopy(state.network.state_dict())
    for state.iteration in (0, 1):
        assert not step([make_clips()]).skipped
    assert not {part for part in changed(before, state) if part.startswith("image_cleaning")}
    assert state.gradient_ratio is not None


def test_a_clip_of_one_frame_has_no_temporal_loss(stage: Stage, make_clips: MakeClips) -> None:
    _, step = prepared(replace(stage, losses=replace(stage.losses, temporal=2.0)))
    assert step([make_clips(frames=1)]).losses.keys() == {"pixel", "cleaning"}
