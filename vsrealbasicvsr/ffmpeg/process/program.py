"""The ffmpeg program: where it is, which it is, and how its versions differ."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction

from vsrealbasicvsr.errors import JobError, NoFFmpegError

_FIRST_AVCODEC = 54
"""libavcodec's major number is FFmpeg's plus this, from FFmpeg 4 on; development builds have no other."""

_FPS_MODE_SINCE = (59, 37)
"""libavcodec's version in FFmpeg 5.1."""


def exit_code(returned: int) -> int:
    """The exit code of a child as a shell would give it: 128 + N for one that signal N ended."""
    return returned if returned >= 0 else 128 - returned


@dataclass(frozen=True)
class FFmpeg:
    """An ffmpeg program.

    Attributes:
        path: How to call it.
        major: FFmpeg's major version, 4 to 9 or later.
        has_fps_mode: Whether `-fps_mode` is known, which replaced `-vsync` in 5.1.
    """

    path: str
    major: int
    has_fps_mode: bool = True

    @classmethod
    def find(cls, name: str | None = None) -> FFmpeg:
        """The program of that name or path, else `ffmpeg` on the PATH.

        Raises:
            NoFFmpegError: there is none.
            JobError: it cannot be run, or is no ffmpeg.
        """
        path = shutil.which(name or "ffmpeg")
        if path is None:
            if name:
                raise NoFFmpegError(f"there is no program {name}.")
            raise NoFFmpegError(
                "there is no ffmpeg on this machine: install one ('apt install ffmpeg', "
                "'brew install ffmpeg', 'winget install ffmpeg') or name one with --ffmpeg PATH."
            )
        try:
            said = subprocess.run(
                [path, "-version"], capture_output=True, stdin=subprocess.DEVNULL, check=False
            )
        except OSError as error:
            raise JobError(f"{path} cannot be run: {error.strerror}.") from error
        found = re.search(rb"libavcodec\s+(\d+)\.\s*(\d+)\.", said.stdout)
        if not found:
            raise JobError(f"{path} does not look like ffmpeg: it states no version of libavcodec.")
        version = int(found[1]), int(found[2])
        return cls(path, version[0] - _FIRST_AVCODEC, version >= _FPS_MODE_SINCE)

    @property
    def every_picture(self) -> list[str]:
        """Output options that keep all pictures with their times, doubling and dropping none."""
        return ["-fps_mode" if self.has_fps_mode else "-vsync", "passthrough"]

    def ticks(self, time_base: Fraction) -> list[str]:
        """Output options that make encoders of pictures count time in this unit; sound has its own."""
        return ["-enc_time_base:v", f"{time_base.numerator}/{time_base.denominator}"]

    @property
    def takes_side_data(self) -> bool:
        """Whether an input can be given HDR10's static metadata, and a rotation that reaches the output."""
        return self.major >= 9
