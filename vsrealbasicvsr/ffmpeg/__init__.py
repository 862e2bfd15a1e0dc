"""The FFmpeg bridge: `realbasicvsr=...` among the filters of any ffmpeg command."""

from vsrealbasicvsr.errors import CommandFailedError
from vsrealbasicvsr.ffmpeg.python_graphs import compile, run

__all__ = ["CommandFailedError", "compile", "run"]
