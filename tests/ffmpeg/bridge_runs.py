"""Runs of the bridge as a user starts it, with the stand-in for the model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_bridge(
    *arguments: str | Path, ffmpeg: str, sleep: float = 0.0, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """The finished run; with `check` it must have succeeded."""
    words = [sys.executable, "-m", "tests.ffmpeg.stand_in", "--ffmpeg", ffmpeg, *map(str, arguments)]
    environment = {**os.environ, "STAND_IN_SLEEP": str(sleep)}
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, errors="replace")
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run_plain(*arguments: str | Path, ffmpeg: str) -> None:
    """Ffmpeg itself."""
    words = [ffmpeg, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr


def own_sentences(stderr: str) -> list[str]:
    """Lines that we wrote, not ffmpeg."""
    return [line for line in stderr.splitlines() if line.startswith("vsrealbasicvsr:")]
