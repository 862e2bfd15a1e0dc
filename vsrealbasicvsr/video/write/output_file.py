"""A video file that is being written: its partial name, its header, and the source's other streams.

The packets of the frames come from an encoder, or from the pieces of a job; this module does not know which.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.files import partial_path, sync
from vsrealbasicvsr.video.write.carry import Carry, is_disk_full
from vsrealbasicvsr.video.write.encoders import encoder_of
from vsrealbasicvsr.video.write.matroska import PLACEHOLDER_DEGREES, write_pixel_shape
from vsrealbasicvsr.video.write.plan import OutputPlan

# The unit of MP4's edit lists, which store a late start; FFmpeg's default is a thousandth of a second.
_LARGEST_MOVIE_TIMESCALE = 1_000_000
# Microseconds. We give packets in order of time, so the muxer does not need to wait its usual ten seconds for
# a rare subtitle: ten seconds of lossless 4K are gigabytes.
_INTERLEAVE = {"max_interleave_delta": "1000000"}

# Tag of the note. MP4 has a tag for the program that made a file; QuickTime only has the comment, which may
# be the source's.
_NOTES = {"matroska": "VSREALBASICVSR", "mp4": "encoding_tool", "mov": "comment"}


class OutputFile:
    """Writes `NAME.partial.EXT`; the muxer and the copied streams run in the caller's thread.

    Args:
        plan: The plan of the output.
        container: FFmpeg's name of the format.
        add_pictures: Adds the stream of frames to the container, with the properties in the plan.

    Attributes:
        pictures: The stream of frames, whose packets `mux` takes.
        partial: The path until the file is published.
        offset: The value to subtract from the source's time stamps, in the plan's time base.

    Raises:
        av.FFmpegError, OSError: the file cannot be created.
        VideoError: the source cannot be opened.
    """

    def __init__(
        self, plan: OutputPlan, container: str, add_pictures: Callable[[OutputContainer], VideoStream]
    ) -> None:
        self._plan = plan
        self._shape = _header_shape(plan)
        self.partial = partial_path(plan.target)
        self.offset = round(plan.start / plan.pictures.time_base)
        self._output = av.open(
            f"file:{self.partial}", "w", format=container, container_options=_muxer_options(plan)
        )
        self._carry: Carry | None = None
        try:
            self.pictures = add_pictures(self._output)
            self._set_header()
            if plan.source:
                self._carry = Carry(
                    plan.source,
                    self._output,
                    self.pictures,
                    pictures=plan.stream,
                    kept=plan.kept,
                    start=plan.start,
                )
            self._add_note(container)
            self._output.start_encoding()
        except BaseException:
            self.discard()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about packets that could not be copied, one sentence each."""
        lost = self._carry.lost if self._carry else 0
        return (f"{lost} damaged packets of the source's other streams were not copied.",) if lost else ()

    def mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        """Write packets of frames in decoding order, after the other streams' packets up to the same time."""
        for packet in packets:
            if self._carry and packet.dts is not None:
                self._carry.until(packet.dts * packet.time_base)
            self._output.mux(packet)

    def complete(self) -> None:
        """Write all remaining packets, and sync the file to the disk; it keeps its partial name."""
        if self._carry:
            self._carry.rest()
            self._carry.close()
        self._output.close()
        if self._shape:
            write_pixel_shape(self.partial, self._plan.size, self._shape)
        sync(self.partial)

    def discard(self) -> None:
        """Close everything and remove the file."""
        with contextlib.suppress(av.FFmpegError, OSError):
            self._output.close()
        if self._carry:
            self._carry.close()
        self.partial.unlink(missing_ok=True)

    def _set_header(self) -> None:
        plan = self._plan
        self.pictures.time_base = plan.pictures.time_base
        if encoder_of(plan.encoding).codec == "libx265" and plan.container != "matroska":
            self.pictures.codec_context.codec_tag = "hvc1"  # Apple's players accept no other tag for HEVC
        if plan.rotation or self._shape:
            self.pictures.set_display_rotation(plan.rotation or PLACEHOLDER_DEGREES)

    def _add_note(self, container: str) -> None:
        """Write the plan's note as a tag, unless the source has a tag of that name from another program."""
        note, tags, name = self._plan.note, self._output.metadata, _NOTES[container]
        program, _, _ = note.partition(" ")
        existing = [key for key in tags if key.lower() == name.lower()]  # Matroska's keys are in capitals
        if not note or any(not tags[key].startswith(f"{program} ") for key in existing):
            return
        tags.update({**dict.fromkeys(existing, note), name: note})


def publish(partial: Path, target: Path, overwrite: bool) -> None:
    """Rename a complete partial file to its target, and sync the folder to the disk.

    Raises:
        VideoError: the target exists and must not be replaced; the partial file is then removed.
        OSError: the system refuses to rename the file.
    """
    if target.exists() and not overwrite:
        partial.unlink()
        raise VideoError(f"{target} has appeared meanwhile; the new file is dropped.")
    partial.replace(target)
    with contextlib.suppress(OSError):  # some network drives cannot sync a folder
        sync(target.parent)


@contextlib.contextmanager
def explained(plan: OutputPlan) -> Iterator[None]:
    """Turn errors of FFmpeg and of the system into a VideoError of one sentence."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        if is_disk_full(error):
            text = f"disk full while writing {plan.target}: make room, or choose another disk."
        else:
            text = f"{plan.encoding.encoder} stopped writing {plan.target}: {error.strerror or error}."
        raise VideoError(text) from error


def _muxer_options(plan: OutputPlan) -> dict[str, str]:
    unit = plan.pictures.time_base.denominator
    timescale = unit * -(-1000 // unit)  # the smallest multiple of the unit from 1000 on, so a start is exact
    if plan.container == "matroska" or timescale > _LARGEST_MOVIE_TIMESCALE:
        return _INTERLEAVE
    return {**_INTERLEAVE, "movie_timescale": str(timescale)}


def _header_shape(plan: OutputPlan) -> Fraction | None:
    """Return the shape that `write_pixel_shape` must write, or None; a rotation leaves no room for it."""
    shape = plan.pictures.sample_aspect_ratio
    is_missing = plan.container == "matroska" and shape not in (0, 1) and not plan.rotation
    return shape if is_missing else None
