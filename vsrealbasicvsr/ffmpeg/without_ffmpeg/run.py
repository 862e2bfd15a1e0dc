"""Running a command without an ffmpeg program: PyAV's libraries read, filter and encode in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice

import av
import torch
from av.video.frame import VideoFrame

from vsrealbasicvsr.engine import Lanes, Restorer
from vsrealbasicvsr.errors import JobError, VideoError
from vsrealbasicvsr.ffmpeg.without_ffmpeg.simple_command import Chain, SimpleCommand
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.pipeline import Passage, Restored
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.colour.pixels import frame_from_rgb
from vsrealbasicvsr.video.colour.tags import describe_colour
from vsrealbasicvsr.video.filter_chain import FilterChain
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import Source, SourceFrame, SourceInfo, open_source
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.plan import OutputPlan
from vsrealbasicvsr.video.write.sink import Sink, open_sink, plan_output

log = logging.getLogger("vsrealbasicvsr")

_UPRIGHT = {90: ("transpose", "cclock"), 180: ("rotate", "PI"), 270: ("transpose", "clock")}
"""FFmpeg's filters for frames that a player would turn by so many degrees counter-clockwise."""
_PROBE = (("setpts", "FR*1000000"), ("scale", "10000*sar:2"))
"""Filters that show what PyAV does not tell: the rate as a time stamp, the pixel shape as a width."""
_MAX_PROBED_FRAMES = 300
"""Number of frames that are tried until one passes the filters."""
_MAX_DENOMINATOR = 1001
"""Largest denominator of a frame rate; a quarter of it is the limit for a pixel shape."""


def run_in_process(
    command: SimpleCommand, open_restorer: Callable[[], Restorer | Lanes], given: frozenset[int] | None
) -> None:
    """Run a simple command; sound, subtitles, chapters and tags are copied.

    Args:
        command: The command.
        open_restorer: Makes the restorer, after everything else has been checked.
        given: Numbers of the frames that start a shot; None detects the cuts.

    Raises:
        RestorationError: any failure.
        KeyboardInterrupt: passed on; the frames written so far stay in a file named `.partial`.
    """
    with open_source(command.source, deinterlace="off") as source:
        turn = _UPRIGHT.get(round(source.info.rotation) % 360)
        before = (turn, *command.before) if turn else command.before
        arriving = _info_behind(source.info, before, (frame.picture for frame in source))
        enlarged = replace(arriving, width=SCALE * arriving.width, height=SCALE * arriving.height, rotation=0)
        plan = _plan_output(command, enlarged, arriving.pixel_format)
        if command.after:
            leaving = _info_behind(enlarged, command.after, _blanks(enlarged, plan))
            plan = _plan_output(command, replace(leaving, colour=plan.colour), leaving.pixel_format)
        for warning in plan.warnings:
            log.warning("%s", warning)
        run = _Run(source, arriving, before, enlarged, command.after, plan, open_restorer())
        run.through(open_sink(plan), given)


def _plan_output(command: SimpleCommand, info: SourceInfo, pixel_format: str) -> OutputPlan:
    """Plan the output. It gets the pixel format of the frames, as with FFmpeg, if the encoder takes it."""

    def plan(encoding: Encoding) -> OutputPlan:
        size = info.width, info.height
        return plan_output(
            command.target, info, size, encoding, overwrite=command.overwrite, carry=command.carry
        )

    usual = plan(command.encoding)
    if command.encoding.pixel_format is not None:
        return usual
    try:
        return plan(replace(usual.encoding, pixel_format=pixel_format.replace("yuvj", "yuv")))
    except VideoError:
        return usual


def _info_behind(info: SourceInfo, filters: Chain, pictures: Iterable[VideoFrame]) -> SourceInfo:
    """Return the properties of the frames behind filters, read from the first frame that passes.

    Raises:
        JobError: a filter is unknown, or refuses its options or the frames, or lets no frame pass.
    """
    probe, ahead = _chain(info, *filters, *_PROBE), _chain(info, *filters)
    first = probed = None
    for picture in chain(islice(pictures, _MAX_PROBED_FRAMES), [None]):
        first = first or next(_pushed(ahead, picture), None)
        probed = probed or next(_pushed(probe, picture), None)
        if first and probed:
            break
    if first is None or probed is None:
        raise JobError(f"no picture passes the filters {', '.join(name for name, _ in filters)}.")
    rate = Fraction(probed.pts or 0, 1_000_000).limit_denominator(_MAX_DENOMINATOR)
    return replace(
        info,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        colour=describe_colour(first)[0],
        sample_aspect_ratio=Fraction(probed.width, 10_000).limit_denominator(_MAX_DENOMINATOR // 4),
        time_base=_time_base(first),
        rate=rate or info.rate,
        frames=None,
    )


def _blanks(info: SourceInfo, plan: OutputPlan) -> Iterator[VideoFrame]:
    """Yield blank frames with the properties of restored frames."""
    step = round(1 / (info.rate * info.time_base)) or 1
    for number in range(_MAX_PROBED_FRAMES):
        picture = frame_from_rgb(torch.zeros(3, info.height, info.width), plan.pixel_format, plan.colour)
        picture.pts, picture.time_base = number * step, info.time_base
        yield picture


def _chain(info: SourceInfo, *filters: tuple[str, str]) -> FilterChain:
    return FilterChain(
        *filters, time_base=info.time_base, sample_aspect_ratio=info.sample_aspect_ratio, rate=info.rate
    )


def _pushed(filters: FilterChain, picture: VideoFrame | None) -> Iterator[VideoFrame]:
    """Yield what filters return for a frame; None is the end of the frames.

    Raises:
        JobError: a filter refuses the frame or its options.
    """
    try:
        yield from filters.flush() if picture is None else filters.push(picture)
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise JobError(f"the filters cannot be set up, PyAV's FFmpeg says: {reason}.") from error


def _time_base(picture: VideoFrame) -> Fraction:
    assert picture.time_base is not None
    return Fraction(picture.time_base.numerator, picture.time_base.denominator)


class _Run:
    """One run through a source."""

    def __init__(
        self,
        source: Source,
        arriving: SourceInfo,
        before: Chain,
        enlarged: SourceInfo,
        after: Chain,
        plan: OutputPlan,
        restorer: Restorer | Lanes,
    ) -> None:
        self._source, self._arriving, self._plan = source, arriving, plan
        self._before = _chain(source.info, *before) if before else None
        self._after = _chain(enlarged, *after, ("format", plan.pixel_format)) if after else None
        conversion = Conversion(plan.pixel_format, plan.colour, enlarged.width, enlarged.height)
        self._passage = Passage(restorer, lambda _: arriving.colour, lambda: conversion, self._write)
        self._written = 0

    def through(self, sink: Sink, known_cuts: frozenset[int] | None) -> None:
        """Restore all frames into the sink, and finish the sink, or abort it on an error."""
        self._sink = sink
        try:
            self._passage.run(self._with_cuts(known_cuts))
            if self._after is not None:
                self._deliver(_pushed(self._after, None))
            for warning in (*sink.finish(), *self._source.warnings):
                log.warning("%s", warning)
        except KeyboardInterrupt:
            partial = sink.abort(keep=self._written > 0)
            place = f"; they are in {partial}" if partial else ""
            log.warning("stopped after %d frames%s", self._written, place)
            raise
        except BaseException:
            sink.abort()
            raise

    def _with_cuts(self, known_cuts: frozenset[int] | None) -> Iterator[tuple[SourceFrame, bool]]:
        """Return the frames, each with True if it starts a shot; runs in the decoding thread."""
        if known_cuts is None:
            return find_cuts(self._arrive())
        return ((frame, n in known_cuts) for n, frame in enumerate(self._arrive()))

    def _arrive(self) -> Iterator[SourceFrame]:
        """Yield the frames that arrive at the node."""
        if self._before is None:
            yield from self._source
            return
        for picture in chain((frame.picture for frame in self._source), [None]):
            for filtered in _pushed(self._before, picture):
                assert filtered.pts is not None
                yield SourceFrame(filtered, filtered.pts, filtered.duration or None)

    def _write(self, picture: VideoFrame, restored: Restored) -> None:
        """Filter and write a restored frame; runs in the encoding thread."""
        picture.pts, picture.time_base = restored.pts, self._arriving.time_base
        picture.duration = restored.duration or 0
        self._deliver([picture] if self._after is None else _pushed(self._after, picture))

    def _deliver(self, pictures: Iterable[VideoFrame]) -> None:
        for picture in pictures:
            assert picture.pts is not None
            self._sink.write(picture, picture.pts, picture.duration or None)
            self._written += 1
