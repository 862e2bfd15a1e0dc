"""Old damage in a batch on the device against the CPU's, frame by frame."""

from __future__ import annotations

import pytest
import torch

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.apply import apply
from training.degradation.device import degrade_batch
from training.degradation.old.parameters import Chroma, Composite, Disc, Grain, Halo, Tape
from training.degradation.parameters import Compression, Operation, Parameters, Resize, ResizeTo

FRAMES = 4
WALK = (0.8, 0.86, 0.9, 0.7)


def held(value: float) -> tuple[float, ...]:
    return tuple(value * (1 + 0.1 * number) for number in range(FRAMES))


KINDS: dict[str, Operation] = {
    "grain": Grain(held(0.8), held(8.0), 0.3, 11),
    "halo": Halo(False, held(1.5), held(0.8)),
    "composite": Composite("pal", 0.3, 0.2, 1, held(0.08), held(0.5), held(0.7)),
    "tape": Tape(
        held(0.2), held(0.04), held(0.5), held(4.0), held(3.0), held(0.1), held(1.0), seed=2**63 - 1
    ),
    "chroma": Chroma("4:1:0", held(-1.0), held(0.6), held(1.5)),
    "disc": Disc(4, 6, 1, "bob", True, held(0.4)),
    "web": Compression("h263", None, crf=30),
}  # fmt: skip


@pytest.fixture(scope="module")
def truths() -> torch.Tensor:
    """Two clips of real pictures: (2, 4, 3, 48, 64)."""
    clip = decode_rgb(EXAMPLE_CLIP, 8)[:, :, 60:108, 100:164]
    return clip.view(2, FRAMES, 3, 48, 64)


def differences(truths: torch.Tensor, *operations: Operation) -> torch.Tensor:
    parameters = Parameters(FRAMES, (*operations, ResizeTo("area", 24, 32)))
    done = degrade_batch(truths, [parameters] * 2).cpu()
    alone = [apply(truth.cpu().permute(0, 2, 3, 1).contiguous().numpy(), parameters) for truth in truths]
    expected = torch.stack([torch.from_numpy(clip).permute(0, 3, 1, 2) for clip in alone])
    assert not torch.equal(expected, expected.roll(1, 1))
    return (done.float() - expected.float()).abs()


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_that_of_the_cpu(truths: torch.Tensor, name: str) -> None:
    assert float(differences(truths, KINDS[name]).max()) <= 1


@pytest.mark.parametrize("name", ["grain", "halo", "composite", "tape", "chroma"])
def test_frames_of_different_sizes_are_damaged_each_for_itself(truths: torch.Tensor, name: str) -> None:
    found = differences(truths, Resize("area", WALK), KINDS[name])
    assert float(found.mean()) < 0.6
    assert float((found <= 4).float().mean()) > 0.99


@pytest.mark.gpu
@pytest.mark.parametrize("name", KINDS)
def test_cuda_damages_as_the_cpu_does(truths: torch.Tensor, name: str) -> None:
    found = differences(truths.cuda(), KINDS[name])
    assert float((found <= 1).float().mean()) > 0.999
