"""The FFmpeg bridge: `realbasicvsr=...` wherever a filter may stand."""

from vsrealbasicvsr.errors import CommandFailedError
from vsrealbasicvsr.ffmpeg.python_graphs import compile, run

__all__ = ["CommandFailedError", "compile", "run"]
