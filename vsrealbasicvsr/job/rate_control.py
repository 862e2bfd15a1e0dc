"""Which ways of spending bits work where segments are encoded on their own, and which do not."""

from __future__ import annotations

from collections.abc import Iterator

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.video.write.encoders import Encoding

_LISTS = ("x264-params", "x264opts", "x265-params", "svtav1-params")
"""Options that hold an encoder's own, as `key=value:key=value`."""
_PASSES = ("pass", "passes", "passlogfile", "stats")
_BIT_RATES = ("b", "bitrate", "tbr")
_BY_BIT_RATE = ("vbr", "cbr", "1", "2")
"""Values of `rc`; the numbers are SVT-AV1's and NVENC's."""


def refuse_passes(encoding: Encoding) -> None:
    """Refuse two passes: the second would need what the first saw of the whole film.

    Raises:
        JobError: an option asks for them.
    """
    for key, value in _options(encoding):
        if key in _PASSES or (key == "flags" and ("pass1" in value or "pass2" in value)):
            raise JobError(
                f"{key}={value} means two passes, but the segments of a job are encoded once, each by "
                "itself: leave it out, and set the quality with --crf."
            )


def bit_rate_warning(encoding: Encoding) -> str:
    """What a bit rate means for a job, a sentence; empty where none is aimed at."""
    options = list(_options(encoding))
    at_quality = any(key == "cq" for key, _ in options)
    for key, value in options:
        if (key in _BIT_RATES and value != "0") or (key == "rc" and value in _BY_BIT_RATE and not at_quality):
            return (
                f"{key}={value}: every segment aims at the bit rate by itself, so that easy scenes get as "
                "many bits as hard ones; --crf keeps the quality even."
            )
    return ""


def _options(encoding: Encoding) -> Iterator[tuple[str, str]]:
    """The user's options, and those in lists of the encoder's own."""
    for key, value in encoding.options:
        if key not in _LISTS:
            yield key, value
            continue
        for item in value.split(":"):
            name, _, content = item.partition("=")
            yield name, content
