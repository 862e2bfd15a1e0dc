"""The ffmpeg program: find it, read its version, and handle the differences between versions."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction

from vsrealbasicvsr.errors import JobError, NoFFmpegError

_FIRST_AVCODEC = 54
"""libavcodec's major version minus FFmpeg's, from FFmpeg 4 on. Development builds state only libavcodec's."""

_FPS_MODE_SINCE = (59, 37)
"""The version of libavcodec in FFmpeg 5.1, the first with `-fps_mode`."""


def exit_code(returned: int) -> int:
    """Return the exit code of a child as a shell gives it: 128 + N if signal N ended it."""
    return returned if returned >= 0 else 128 - returned


@dataclass(frozen=True)
class FFmpeg:
    """An ffmpeg program.

    Attributes:
        path: The program's file.
        major: FFmpeg's major version, 4 to 9 or later.
        has_fps_mode: True if it has `-fps_mode`, which replaced `-vsync` in 5.1.
    """

    path: str
    major: int
    has_fps_mode: bool = True

    @classmethod
    def find(cls, name: str | None = None) -> FFmpeg:
        """Find the program with that name or path; None finds `ffmpeg` on the PATH.

        Raises:
            NoFFmpegError: there is no such program.
            JobError: it cannot be run, or it is not ffmpeg.
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
            process = subprocess.run(
                [path, "-version"], capture_output=True, stdin=subprocess.DEVNULL, check=False
            )
        except OSError as error:
            raise JobError(f"{path} cannot be run: {error.strerror}.") from error
        match = re.search(rb"libavcodec\s+(\d+)\.\s*(\d+)\.", process.stdout)
        if not match:
            raise JobError(f"{path} does not look like ffmpeg: it states no version of libavcodec.")
        version = int(match[1]), int(match[2])
        return cls(path, version[0] - _FIRST_AVCODEC, version >= _FPS_MODE_SINCE)

    @property
    def every_picture(self) -> list[str]:
        """Output options that keep every frame at its time, without duplicates and drops."""
        return ["-fps_mode" if self.has_fps_mode else "-vsync", "passthrough"]

    def ticks(self, time_base: Fraction) -> list[str]:
        """Return output options that set the time base of video encoders; audio encoders have their own."""
        return ["-enc_time_base:v", f"{time_base.numerator}/{time_base.denominator}"]

    @property
    def takes_side_data(self) -> bool:
        """True if input options can set HDR10's static metadata, and a rotation that reaches the output."""
        return self.major >= 9
