"""The discriminator on features against PyTorch's own layers and formulas written out."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.losses.feature_discriminator import FeatureDiscriminator, channel_sums

CHANNELS = (128, 256, 512)


def features(seed: int = 0, frames: int = 2, side: int = 8) -> list[Tensor]:
    """Of unlike deviation in each channel, as VGG's are; (B, C, 8, 8), (B, C, 4, 4), (B, C, 2, 2)."""
    random = torch.Generator().manual_seed(seed)
    layers = []
    for index, channels in enumerate(CHANNELS):
        spread = 10 * torch.rand(1, channels, 1, 1, generator=random)
        size = side >> index
        layers.append(3 + spread * torch.randn(frames, channels, size, size, generator=random))
    return layers


@pytest.fixture
def judge() -> FeatureDiscriminator:
    torch.manual_seed(1)
    network = FeatureDiscriminator(8)
    network.fit(channel_sums(features()))
    return network


def test_it_judges_2_2_3_3_and_4_3_of_the_five_layers() -> None:
    layers = [torch.full((1,), float(index)) for index in range(5)]
    assert [layer.item() for layer in FeatureDiscriminator.judged(layers)] == [1, 2, 3]


def test_logits_are_those_of_pytorchs_layers(judge: FeatureDiscriminator) -> None:
    """Scale, leaky ReLU, 1x1, 3x3, 1x1 with spectral norms and biases, times four."""
    shown = features(2)
    reference = []
    for head, layer in zip(judge.heads, shown, strict=True):
        convolutions = [
            torch.nn.utils.spectral_norm(nn.Conv2d(one, other, size, padding=size // 2))
            for one, other, size in ((layer.shape[1], 8, 1), (8, 8, 3), (8, 1, 1))
        ]
        x = layer * head.scale
        for theirs, ours in zip(convolutions, (head.reduce, head.look, head.judge), strict=True):
            theirs.load_state_dict(ours.state_dict())
            x = theirs(F.leaky_relu(x, 0.2))
        reference.append(4 * x)
    for logits, wanted in zip(judge(shown), reference, strict=True):
        torch.testing.assert_close(logits, wanted)


def test_untrained_heads_answer_moderately_from_the_first_look_on(judge: FeatureDiscriminator) -> None:
    """Their spectral norms have settled: logits are near the margin of hinge losses, not in the thousands."""
    for logits in judge.eval()(features()):
        assert logits.abs().mean() < 20


def test_the_scale_is_one_over_the_deviation_of_each_channel() -> None:
    judge, real = FeatureDiscriminator(4), features()
    assert not judge.fitted
    judge.fit(channel_sums(real))
    assert judge.fitted
    for head, layer in zip(judge.heads, real, strict=True):
        deviation = layer.double().std((0, 2, 3), unbiased=False)
        wanted = 1 / (deviation + 0.05 * deviation.mean())
        torch.testing.assert_close(head.scale.flatten().double(), wanted, rtol=1e-5, atol=0)


def test_sums_of_parts_are_the_sums_of_the_whole() -> None:
    whole = features(frames=4)
    parts = [channel_sums([layer[half] for layer in whole]) for half in (slice(0, 1), slice(1, 4))]
    for one, *others in zip(channel_sums(whole), *parts, strict=True):
        torch.testing.assert_close(torch.stack(others).sum(0), one)


def test_the_scale_is_part_of_the_state(judge: FeatureDiscriminator) -> None:
    other = FeatureDiscriminator(8)
    other.load_state_dict(copy.deepcopy(judge).state_dict())
    assert other.fitted
    shown = features(3)
    judge.eval()
    for one, two in zip(judge(shown), other.eval()(shown), strict=True):
        assert torch.equal(one, two)


def test_in_evaluation_mode_nothing_moves(judge: FeatureDiscriminator) -> None:
    before = copy.deepcopy(judge.eval().state_dict())
    judge(features(4))
    assert all(torch.equal(tensor, before[name]) for name, tensor in judge.state_dict().items())


def test_the_gradient_at_the_features_is_the_numerical_one(judge: FeatureDiscriminator) -> None:
    judge.eval().double()
    shown = [layer.double().requires_grad_() for layer in features(5)]

    def answer(layer: Tensor) -> Tensor:
        # In double precision the features are not rounded on the way in, but for the float() of the heads.
        return judge([layer, *shown[1:]])[0].sum()

    answer(shown[0]).backward()
    step = torch.zeros_like(shown[0])
    step[1, 7, 2, 3] = 1e-2
    with torch.no_grad():
        change = answer(shown[0] + step) - answer(shown[0] - step)
    assert shown[0].grad[1, 7, 2, 3].item() == pytest.approx(change.item() / 2e-2, rel=1e-2)


def autocast_logits(judge: FeatureDiscriminator, device: str) -> None:
    judge = judge.to(device).eval()
    shown = [layer.to(device) for layer in features(6)]
    with torch.autocast(device, torch.bfloat16):
        rough = judge([layer.bfloat16() for layer in shown])
    for logits, exact in zip(rough, judge(shown), strict=True):
        assert logits.dtype == torch.bfloat16
        torch.testing.assert_close(logits.float(), exact, atol=0.1, rtol=0.05)


def test_bf16_features_and_heads_come_close_to_float32(judge: FeatureDiscriminator) -> None:
    autocast_logits(judge, "cpu")


@pytest.mark.gpu
def test_bf16_features_and_heads_on_a_cuda_device_too(judge: FeatureDiscriminator) -> None:
    autocast_logits(judge, "cuda")
