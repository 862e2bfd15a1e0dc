"""On a CUDA device: golden numbers in fp32, half precision against fp32, the engine against the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import EXAMPLE_CLIP, GOLDEN, decode_rgb
from tests.golden.recipe import fill_generator, to_tensor
from vsrealbasicvsr.engine import Lanes, Restorer, on_host
from vsrealbasicvsr.engine.memory.plan import Need
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.colour.pixels import rgb_from_codes
from vsrealbasicvsr.video.colour.tags import Colour

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


@pytest.mark.parametrize("acceleration", ["compile", "graphs", "fused", "tensorrt"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_every_acceleration_gives_the_same_pictures(acceleration: str, precision: str) -> None:
    if acceleration == "tensorrt":
        pytest.importorskip("torch_tensorrt", reason="torch-tensorrt is not installed")
    frames = decode_rgb(EXAMPLE_CLIP, frames=7)[:, :, :66, :90]
    plain = stream(None, frames, window=3, margin=1, precision=precision, acceleration="off")
    fast = stream(None, frames, window=3, margin=1, precision=precision, acceleration=acceleration)
    if precision == "fp32":
        torch.testing.assert_close(fast, plain, rtol=0, atol=1e-4)
    else:
        assert -10 * torch.log10((fast - plain).pow(2).mean()) > 50


@pytest.mark.parametrize("acceleration", ["off", "graphs"])
def test_strips_give_the_same_pictures(acceleration: str) -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=4)
    chosen = {"window": 2, "margin": 1, "precision": "fp32", "acceleration": acceleration}
    whole = stream(None, frames, **chosen)
    strips = stream(None, frames, **chosen, memory="120MB")
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("acceleration", ["off", "auto"])
def test_two_windows_in_flight_on_one_device(golden_network: RealBasicVSR, acceleration: str) -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=9)[:, :, :48, :64]
    chosen = Settings(window=2, margin=1, precision="fp32", acceleration=acceleration)
    one = stream(golden_network, frames, window=2, margin=1, precision="fp32", acceleration=acceleration)
    lanes = Lanes([Restorer(golden_network, chosen, "cuda:0", sharing=2) for _ in range(2)])
    torch.testing.assert_close(torch.stack(list(lanes.stream(frames))), one, rtol=0, atol=1e-5)


def test_copies_to_the_host_are_whole() -> None:
    pictures = [torch.rand(3, 400, 700, device="cuda:0") for _ in range(20)]
    made = on_host(picture.mul(2.0).add(n) for n, picture in enumerate(pictures))
    for n, copy in enumerate(made):
        assert torch.equal(copy, pictures[n].mul(2.0).add(n).cpu())


@pytest.mark.parametrize("memory", ["auto", "300MB"])
def test_the_estimate_is_what_the_device_gives_out(memory: str) -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=12)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    restorer = Restorer(None, Settings(window=4, margin=1, memory=memory, acceleration="off"), "cuda:0")
    for _ in restorer.stream(frames):
        pass
    measured = torch.cuda.max_memory_allocated() - before
    need = Need(restorer._network, restorer.settings, torch.float16, *frames.shape[:1:-1], on_host=False)
    assert need.peak(restorer._steps.plan(frames.shape[-2:])) == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv444p16le", "gbrp", "gbrpf32le"])
@pytest.mark.parametrize("size", [(128, 96), (90, 66)])
def test_codes_are_made_on_the_device(pixel_format: str, size: tuple[int, int]) -> None:
    colour = Colour(1, False, 1, 1, 1)
    conversion = Conversion(pixel_format, colour, *size)
    picture = torch.rand(3, 96, 128)
    host, there = conversion.codes(picture), conversion.codes(picture.cuda()).cpu()
    assert host.dtype == there.dtype
    allowed = 1e-5 if host.is_floating_point() else 1  # at halves
    torch.testing.assert_close(there.float(), host.float(), rtol=0, atol=allowed)
    expected = rgb_from_codes(host, *size, pixel_format, colour)
    rgb = rgb_from_codes(host.cuda(), *size, pixel_format, colour).cpu()
    torch.testing.assert_close(rgb, expected, rtol=0, atol=1e-5)


def test_a_full_device_is_survived() -> None:
    frames = decode_rgb(EXAMPLE_CLIP, frames=5)
    expected = stream(None, frames, window=3, margin=1, precision="fp32")
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 250e6) / total)
    try:
        restored = stream(None, frames, window=3, margin=1, precision="fp32", memory="9999GB")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    torch.testing.assert_close(restored, expected, rtol=0, atol=1e-4)
