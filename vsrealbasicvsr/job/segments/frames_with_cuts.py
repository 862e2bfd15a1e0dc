"""The frames of a source with their cuts; the source's warnings are logged on the way."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator

from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import Source, SourceFrame

log = logging.getLogger("vsrealbasicvsr")


def frames_with_cuts(source: Source, given: Container[int] | None) -> Iterator[tuple[SourceFrame, bool]]:
    """Yield all frames from the start, each with True if it starts a shot.

    Args:
        source: Read once; its warnings are logged as soon as they appear.
        given: Numbers of the frames that start a shot; None detects them.
    """
    frames = find_cuts(source) if given is None else ((frame, n in given) for n, frame in enumerate(source))
    logged = 0
    for frame in frames:
        logged = _log_warnings(source, logged)
        yield frame
    _log_warnings(source, logged)
    if source.damaged:
        log.warning("%d frames are damaged in the source, and were restored as they are.", source.damaged)


def _log_warnings(source: Source, logged: int) -> int:
    """Log the source's warnings after the first `logged`; return how many there are in all."""
    warnings = source.warnings
    for warning in warnings[logged:]:
        log.warning("%s", warning)
    return len(warnings)
