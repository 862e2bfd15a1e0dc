"""The FFmpeg bridge: `realbasicvsr=...` among the filters of any ffmpeg command.

`command` and `graph` read the command line and its filter graphs. `halves` rehearses the command and splits
it, `process` runs ffmpeg, `bridge` runs the whole. `script` puts a VapourSynth script in the place of the
decode half; `without_ffmpeg` puts PyAV in the place of both halves.
"""

from vsrealbasicvsr.errors import CommandFailedError
from vsrealbasicvsr.ffmpeg.python_graphs import compile, run

__all__ = ["CommandFailedError", "compile", "run"]
