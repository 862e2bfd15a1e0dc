"""The real vspipe, which in a fresh environment has to be told once where its Python is."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

PROGRAMS = Path(sys.executable).parent


@cache
def vspipe_program() -> str:
    """Its path; see `vapoursynth config --help`."""
    program = str(PROGRAMS / "vspipe")
    if subprocess.run([program, "--version"], capture_output=True, check=False).returncode:
        subprocess.run([str(PROGRAMS / "vapoursynth"), "config"], check=True, capture_output=True)
    return program
