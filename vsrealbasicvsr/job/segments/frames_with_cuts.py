"""Source frames and whether each starts a shot; what the source has to say is passed on."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator

from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import Source, SourceFrame

log = logging.getLogger("vsrealbasicvsr")


def frames_with_cuts(source: Source, given: Container[int] | None) -> Iterator[tuple[SourceFrame, bool]]:
    """All frames from the start, each with whether it starts a shot.

    Args:
        source: Read once; its warnings are logged as they come.
        given: Frame numbers that start a shot; None finds them.
    """
    frames = find_cuts(source) if given is None else ((frame, n in given) for n, frame in enumerate(source))
    told = 0
    for frame in frames:
        told = _warn(source, told)
        yield frame
    _warn(source, told)
    if source.damaged:
        log.warning("%d frames are damaged in the source, and were restored as they are.", source.damaged)


def _warn(source: Source, told: int) -> int:
    """Pass on the source's warnings after the first `told`; returns how many there are."""
    warnings = source.warnings
    for warning in warnings[told:]:
        log.warning("%s", warning)
    return len(warnings)
