"""The ffmpeg programs at hand: the PATH's, and the one that ships in imageio-ffmpeg."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest

FFMPEGS: dict[str, str] = {"packaged": imageio_ffmpeg.get_ffmpeg_exe()}
if found := shutil.which("ffmpeg"):
    FFMPEGS["installed"] = found


def with_ffmpeg_on_the_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sure that `ffmpeg` is found, and our own commands with it."""
    folder.mkdir()
    (folder / "ffmpeg").symlink_to(FFMPEGS["packaged"])
    ours = Path(sys.executable).parent
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(ours), str(folder))))
