from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vsrealbasicvsr.network import RealBasicVSR


def save(network: RealBasicVSR, path: Path) -> Path:
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, path)
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of the right form at a thousandth of the cost, seeded."""
    torch.manual_seed(7)
    return save(RealBasicVSR(8, 1, 1), tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(scope="session")
def identity_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leaves nothing but the bilinear enlargement: no cleaning, no detail."""
    network = RealBasicVSR(8, 1, 0)
    with torch.no_grad():
        network.basicvsr.conv_last.weight.zero_()
        network.basicvsr.conv_last.bias.zero_()
    return save(network, tmp_path_factory.mktemp("model") / "identity.safetensors")


@pytest.fixture(scope="session")
def clip(ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of 64x48 with sound, H.264 in Matroska."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-f", "lavfi", "-i", "sine=d=0.4"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac", path),
    )
    return path
