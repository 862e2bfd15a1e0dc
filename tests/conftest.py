"""Fixtures shared by every test: the real ffmpeg, and PyTorch held to what two cores can do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the real ffmpeg (of the PATH, else of the imageio-ffmpeg wheel); an error fails the test."""
    program = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()

    def run(*arguments: str | Path) -> None:
        command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    return run
