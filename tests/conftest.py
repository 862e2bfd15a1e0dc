"""Fixtures shared by every test: the real ffmpeg, and PyTorch held to what two cores can do."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
import torch
from torch import Tensor

GOLDEN = Path(__file__).parent / "golden"
EXAMPLE_CLIP = Path(__file__).parents[1] / "examples" / "media" / "launch.mp4"


def decode_rgb(path: Path, frames: int) -> Tensor:
    """The first frames of a video as swscale converts them: (frames, 3, H, W), float32, 0-1."""
    with av.open(path) as container:
        decoded = itertools.islice(container.decode(video=0), frames)
        pictures = [picture.to_ndarray(format="rgb24") for picture in decoded]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the real ffmpeg (of the PATH, else of the imageio-ffmpeg wheel); an error fails the test."""
    program = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()

    def run(*arguments: str | Path) -> None:
        command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    return run
