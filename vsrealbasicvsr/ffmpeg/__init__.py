"""The FFmpeg bridge: `realbasicvsr=...` wherever a filter may stand."""

from vsrealbasicvsr.ffmpeg.python_graphs import CommandFailedError, compile, run

__all__ = ["CommandFailedError", "compile", "run"]
