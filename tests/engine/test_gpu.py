"""On a CUDA device: golden numbers in fp32, half precision against fp32, the engine against the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import EXAMPLE_CLIP, GOLDEN, decode_rgb
from tests.golden.recipe import fill_generator, to_tensor
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def golden_network() -> RealBasicVSR:
    return fill_generator(RealBasicVSR()).eval()


def stream(network: RealBasicVSR | None, frames: torch.Tensor, **settings: object) -> torch.Tensor:
    restorer = Restorer(network, Settings.from_mapping(settings), device="cuda:0")
    return torch.stack([picture.cpu() for picture in restorer.stream(frames)])


def test_golden_numbers_in_fp32(golden_network: RealBasicVSR) -> None:
    with np.load(GOLDEN / "generator_main_p1.npz") as golden:
        frames = to_tensor(golden["input_u8"])[0]
        expected = torch.from_numpy(golden["out_grid"]).clamp(0, 1)
    ours = stream(golden_network, frames, refine=255.0, window=0, precision="fp32")
    torch.testing.assert_close(ours[:, :, 3::8, 5::8], expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize(("precision", "decibels"), [("fp16", 50.0), ("bf16", 35.0)])
def test_half_precision_on_a_real_clip(precision: str, decibels: float) -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=8)
    exact = stream(None, frames, precision="fp32")
    half = stream(None, frames, precision=precision)
    assert half.isfinite().all()
    assert -10 * torch.log10((half - exact).pow(2).mean()) > decibels


def test_the_device_equals_the_cpu(golden_network: RealBasicVSR) -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=3)[:, :, :48, :64]
    settings = Settings(window=2, margin=1, precision="fp32")
    cpu = torch.stack(list(Restorer(golden_network, settings, "cpu").stream(frames)))
    cuda = stream(golden_network, frames, window=2, margin=1, precision="fp32")
    torch.testing.assert_close(cuda, cpu, rtol=0, atol=5e-4)
