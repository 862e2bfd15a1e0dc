"""The network against numbers computed by the reference implementation (mmagic 0a560bba)."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import GOLDEN
from tests.golden.recipe import to_tensor
from vsrealbasicvsr.network import RealBasicVSR

TOLERANCE = 5e-5  # manifest.json: the reference's own spread is 3e-7
MANIFEST = json.loads((GOLDEN / "manifest.json").read_text())


def arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / f"{name}.npz") as file:
        return dict(file)


def close(ours: Tensor, golden: np.ndarray) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), golden, rtol=0, atol=TOLERANCE)


def test_weights_are_the_recipes(golden_network: RealBasicVSR) -> None:
    digest = hashlib.sha256()
    for key, tensor in golden_network.state_dict().items():
        digest.update(key.encode())
        digest.update(tensor.numpy().tobytes())
    assert digest.hexdigest() == MANIFEST["generator_state_sha256_in_key_order"]


CASES = [
    ("generator_main", 1),
    ("generator_main", 2),
    ("generator_main", 3),
    ("generator_mirror", 1),
    ("generator_small", 1),
    ("generator_small", 3),
]


@pytest.mark.parametrize(("clip", "passes"), CASES, ids=lambda value: str(value))
@torch.inference_mode()
def test_equals_the_reference(golden_network: RealBasicVSR, clip: str, passes: int) -> None:
    golden = arrays(f"{clip}_p{passes}")
    facts = MANIFEST["files"][f"{clip}_p{passes}"]
    frames = to_tensor(arrays(f"{clip}_p1")["input_u8"])
    threshold = facts["dynamic_refine_thres"]

    cleaned = golden_network.clean(frames, refinement_threshold=threshold, refine="sequence")
    to_previous, to_next = golden_network.basicvsr.flows(cleaned)
    output = golden_network(frames, refinement_threshold=threshold, refine="sequence")[0]

    step = facts["flow_arrays_spatial_step"]
    close(cleaned[0], golden["cleaned"])
    close(to_previous[0, :, :, ::step, ::step], golden["flows_backward"])
    if "flows_forward" in golden:
        close(to_next[0, :, :, ::step, ::step], golden["flows_forward"])
    height, width = output.shape[-2:]
    close(output[:, :, 3::8, 5::8], golden["out_grid"])
    top, left = height // 2 - 16, width // 2 - 16
    close(output[:, :, top : top + 32, left : left + 32], golden["out_crop"])
    picture = output.double()
    statistics = torch.stack(
        (
            picture.mean((2, 3)),
            picture.std((2, 3), correction=0),
            picture.amin((2, 3)),
            picture.amax((2, 3)),
            picture.abs().mean((2, 3)),
        ),
        dim=-1,
    )
    close(statistics, golden["out_stats"])


@pytest.mark.parametrize("clip", ["generator_main", "generator_small"])
@torch.inference_mode()
def test_a_single_frame_equals_the_reference(golden_network: RealBasicVSR, clip: str) -> None:
    golden = arrays(f"{clip}_p1")
    output = golden_network(to_tensor(golden["input_u8"])[:, :1])[0]
    close(output[:, :, 3::8, 5::8], golden["t1_out_grid"])


@torch.inference_mode()
def test_mirrored_clip_has_mirrored_flow(golden_network: RealBasicVSR) -> None:
    """The reference reuses the backward flow of a mirrored clip; ours computes it again and must agree."""
    frames = to_tensor(arrays("generator_mirror_p1")["input_u8"])
    to_previous, to_next = golden_network.basicvsr.flows(golden_network.clean(frames))
    assert (to_next - to_previous.flip(1)).abs().max() < TOLERANCE


@pytest.mark.parametrize("size", ["64x64", "70x90", "33x100", "32x32"])
@torch.inference_mode()
def test_flow_equals_the_reference(golden_network: RealBasicVSR, size: str) -> None:
    golden = arrays("spynet")
    reference, support = to_tensor(golden[f"{size}.input_u8"])[0].split(1)
    close(golden_network.basicvsr.spynet(reference, support)[0], golden[f"{size}.flow"])
