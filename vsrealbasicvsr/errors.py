"""The errors that a user can cause; each text is one sentence on what is wrong and what to do.

::

    RestorationError
    ├── SettingsError           a setting is unknown or out of range
    ├── WeightsError            a weights file is missing, damaged, or holds other content
    ├── ClipError               frames do not fit together (shapes, ranges, cuts)
    ├── VideoError              a video or image file cannot be read or written
    ├── GraphError              the text of a filter graph cannot be parsed or carried out
    ├── UnavailableError        a metric, a peer or a library is not available on this machine
    └── JobError                a whole restoration cannot start or continue
        ├── NoFFmpegError       there is no ffmpeg program
        ├── FFmpegFailedError   an ffmpeg process ended by itself with an error
        └── CommandFailedError  a command that `vsrealbasicvsr.ffmpeg.run` ran has failed
"""

from __future__ import annotations

from typing import Self


class RestorationError(Exception):
    """The base of all these errors; its text is shown to the user unchanged."""


class SettingsError(RestorationError):
    """A setting is unknown or out of range."""


class WeightsError(RestorationError):
    """A weights file is missing, damaged, or holds other content."""


class ClipError(RestorationError):
    """Frames do not fit together: shapes, ranges, cuts."""


class VideoError(RestorationError):
    """A video or image file cannot be read or written."""


class GraphError(RestorationError):
    """The text of a filter graph cannot be parsed, or asks for something impossible.

    Attributes:
        position: Place of the error in the text, counted in characters from 0.
    """

    position = 0

    @classmethod
    def at(cls, what: str, text: str, position: int) -> Self:
        """Return an error that states the line and column of `position`, and shows that line with a mark."""
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position)
        line, column = text.count("\n", 0, position) + 1, position - start + 1
        first = max(0, column - 60)
        excerpt = (
            text[start : len(text) if end < 0 else end][first : first + 100].replace("\t", " ").rstrip("\r")
        )
        mark = " " * (column - 1 - first) + "^"
        error = cls(f"filter graph, line {line}, column {column}: {what}.\n  {excerpt}\n  {mark}")
        error.position = position
        return error


class JobError(RestorationError):
    """A whole restoration cannot start or continue."""


class UnavailableError(RestorationError):
    """A metric, a peer or a library is not available; the text says why and what to do."""


class NoFFmpegError(JobError):
    """There is no ffmpeg program on this machine."""


class FFmpegFailedError(JobError):
    """An ffmpeg process ended by itself with an error.

    Attributes:
        code: Its exit code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class CommandFailedError(JobError):
    """A command failed; the reason was written to stderr.

    Attributes:
        code: Its exit code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the command failed with exit code {code}.")
        self.code = code

    def __reduce__(self) -> tuple[type[CommandFailedError], tuple[int]]:
        return type(self), (self.code,)
