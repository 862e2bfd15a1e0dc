"""Deinterlacing with FFmpeg's bwdif, with exact time stamps."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from av.video.frame import VideoFrame

from vsrealbasicvsr.video.filter_chain import FilterChain

Output = Literal["frame", "field"]


def deinterlace(
    pictures: Iterator[VideoFrame],
    *,
    time_base: Fraction,
    sample_aspect_ratio: Fraction = Fraction(1),
    output: Output = "frame",
    only_flagged: bool = True,
) -> Iterator[VideoFrame]:
    """Deinterlace frames; the output is two frames behind the input.

    Args:
        pictures: Frames with strictly increasing time stamps.
        time_base: Unit of their time stamps, in seconds.
        sample_aspect_ratio: Width over height of a pixel.
        output: "frame" gives one frame for each input frame, in the same time base; "field" gives one frame
            for each field, in half of the time base.
        only_flagged: True to leave frames unchanged that are not flagged as interlaced.
    """
    options = f"mode=send_{output}:deint={'interlaced' if only_flagged else 'all'}"
    chain = FilterChain(("bwdif", options), time_base=time_base, sample_aspect_ratio=sample_aspect_ratio)
    # In both modes bwdif's time stamps are in halves of the time base.
    unit, divisor = (time_base, 2) if output == "frame" else (time_base / 2, 1)
    last: int | None = None
    for picture in _through(chain, pictures):
        assert picture.pts is not None
        pts = picture.pts // divisor
        duration = (picture.duration or 0) // divisor
        if last is not None and pts <= last:  # both fields of a stream's only frame get the same time
            pts = last + max(duration, 1)
        picture.pts, picture.time_base, picture.duration = pts, unit, duration
        last = pts
        yield picture


def _through(chain: FilterChain, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    for picture in pictures:
        yield from chain.push(picture)
    yield from chain.flush()
