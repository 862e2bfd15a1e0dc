"""The network's shape: names, sizes, parameters, gradients, any picture size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.layers import warp


def test_state_dict_is_the_authors() -> None:
    """All 320 names and shapes, in order (specification 1.2); test_golden pins names and order by hash as
    well."""
    pinned = (Path(__file__).parent / "state_dict.txt").read_text().splitlines()
    ours = [f"{key} {'x'.join(map(str, value.shape))}" for key, value in RealBasicVSR().state_dict().items()]
    assert len(pinned) == 320
    assert ours == pinned


def test_parameter_counts_are_the_papers() -> None:
    network = RealBasicVSR()

    def count(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    assert count(network) == 6_294_834
    assert count(network.image_cleaning) == 1_480_643
    assert count(network.basicvsr) == 4_814_191
    assert count(network.basicvsr.spynet) == 1_440_300


@torch.no_grad()
def test_initialisation_follows_the_specification() -> None:
    torch.manual_seed(0)
    network = RealBasicVSR()
    block = network.basicvsr.forward_resblocks.main[2][5]
    assert block.conv1.weight.std() == pytest.approx(0.1 * (2 / (64 * 9)) ** 0.5, rel=0.02)
    assert block.conv2.bias.abs().max() == 0
    upsampling = network.basicvsr.upsample1.upsample_conv
    assert upsampling.weight.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    flow = network.basicvsr.spynet.basic_module[0].basic_module[1].conv
    assert flow.weight.std() == pytest.approx((2 / (64 * 49)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (2, 3), (31, 33), (64, 64)])
@pytest.mark.parametrize("length", [1, 2, 5])
@torch.inference_mode()
def test_any_size_and_length(small_network: RealBasicVSR, size: tuple[int, int], length: int) -> None:
    output = small_network(torch.rand(2, length, 3, *size))
    assert output.shape == (2, length, 3, 4 * size[0], 4 * size[1])
    assert output.isfinite().all()


@torch.inference_mode()
def test_clips_of_a_batch_do_not_touch_each_other(small_network: RealBasicVSR) -> None:
    clips = torch.rand(3, 4, 3, 20, 24)
    together = small_network(clips, refinement_threshold=1.0)
    for clip, output in zip(clips, together, strict=True):
        alone = small_network(clip[None], refinement_threshold=1.0)[0]
        torch.testing.assert_close(output, alone, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_the_callers_frames_are_not_changed(small_network: RealBasicVSR) -> None:
    frames = torch.rand(1, 3, 3, 16, 16)
    copy = frames.clone()
    small_network(frames, refinement_threshold=0.0)
    assert torch.equal(frames, copy)


@torch.inference_mode()
def test_refinement_per_frame_decides_for_each_frame(small_network: RealBasicVSR) -> None:
    """Dark frames change less than bright ones here: per sequence all get the same passes, per frame not."""
    frames = torch.rand(1, 4, 3, 16, 16) * torch.tensor([0.01, 0.01, 1.0, 1.0]).view(1, 4, 1, 1, 1)
    cleaning = small_network.image_cleaning
    change = cleaning(frames[0]).abs().mean((1, 2, 3)) * 255
    threshold = float(change.mean())
    assert (change < threshold).any()
    assert (change >= threshold).any()
    per_frame = small_network.clean(frames, refinement_threshold=threshold, max_passes=2)
    once = frames[0] + cleaning(frames[0])
    twice = once + cleaning(once)
    expected = torch.where((change >= threshold).view(4, 1, 1, 1), twice, once)
    torch.testing.assert_close(per_frame[0], expected, rtol=0, atol=1e-6)
    per_sequence = small_network.clean(
        frames, refinement_threshold=threshold * 0.999, max_passes=2, refine="sequence"
    )
    torch.testing.assert_close(per_sequence[0], twice, rtol=0, atol=1e-6)


def test_gradients_reach_every_parameter(small_network: RealBasicVSR) -> None:
    small_network.train()
    output = small_network(torch.rand(1, 3, 3, 32, 32), refinement_threshold=0.0)
    output.square().mean().backward()
    reached = {
        name: p.grad is not None and bool(p.grad.any()) for name, p in small_network.named_parameters()
    }
    without = [name for name, gradient in reached.items() if not gradient]
    assert without == []


def test_no_cleaning_blocks_means_no_cleaning() -> None:
    network = RealBasicVSR(8, 1, num_cleaning_blocks=0)
    frames = torch.rand(1, 2, 3, 8, 8)
    assert network.clean(frames) is frames
    assert not any(key.startswith("image_cleaning") for key in network.state_dict())


@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_warp_samples_where_the_flow_points(padding: str) -> None:
    """Against bilinear sampling written out pixel by pixel."""
    rng = np.random.default_rng(4)
    picture = rng.random((2, 6, 7))
    flow = rng.uniform(-4, 4, (2, 6, 7))
    expected = np.zeros_like(picture)

    def texel(row: int, column: int) -> np.ndarray:
        if padding == "border":
            row, column = min(max(row, 0), 5), min(max(column, 0), 6)
        inside = 0 <= row < 6 and 0 <= column < 7
        return picture[:, row, column] if inside else np.zeros(2)

    for row in range(6):
        for column in range(7):
            x, y = column + flow[0, row, column], row + flow[1, row, column]
            if padding == "border":
                x, y = min(max(x, 0), 6), min(max(y, 0), 5)
            left, top = int(np.floor(x)), int(np.floor(y))
            a, b = x - left, y - top
            expected[:, row, column] = (
                (1 - a) * (1 - b) * texel(top, left)
                + a * (1 - b) * texel(top, left + 1)
                + (1 - a) * b * texel(top + 1, left)
                + a * b * texel(top + 1, left + 1)
            )
    ours = warp(torch.tensor(picture)[None].float(), torch.tensor(flow)[None].float(), padding=padding)[0]
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)
