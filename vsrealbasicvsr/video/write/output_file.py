"""A video file while it is written: a partial name, the pictures' header, the source's streams beside them.

Where the pictures' packets come from is not known here: an encoder, or the pieces of a job.
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

# MP4 counts edit lists, which hold a late start, in this unit; FFmpeg's default is a thousandth of a second.
_LARGEST_MOVIE_TIMESCALE = 1_000_000
# We hand packets over in order of time, so the muxer need not wait its usual ten seconds for a sparse
# subtitle: ten seconds of lossless 4K are gigabytes.
_INTERLEAVE = {"max_interleave_delta": "1000000"}

# MP4 has a tag for what made a file; QuickTime has but the comment, which may be the source's.
_NOTES = {"matroska": "VSREALBASICVSR", "mp4": "encoding_tool", "mov": "comment"}


class OutputFile:
    """Writes `NAME.partial.EXT`; the muxer and the copied streams run in the caller's thread.

    Args:
        plan: What is to be written.
        container: FFmpeg's name of the format.
        add_pictures: Adds the pictures' stream to the container, described as the plan says.

    Attributes:
        pictures: The stream that `mux` takes packets of.
        partial: The path until the file is published.
        offset: Subtracted from the source's time stamps, in the plan's time base.

    Raises:
        av.FFmpegError, OSError: it cannot be created.
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
        """What could not be copied, a sentence each."""
        lost = self._carry.lost if self._carry else 0
        return (f"{lost} damaged packets of the source's other streams were not copied.",) if lost else ()

    def mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        """Write packets of the pictures in order of decoding, the other streams' up to their times before."""
        for packet in packets:
            if self._carry and packet.dts is not None:
                self._carry.until(packet.dts * packet.time_base)
            self._output.mux(packet)

    def complete(self) -> None:
        """Write all that is left, and bring the file onto the disk, still under its partial name."""
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
            self.pictures.codec_context.codec_tag = "hvc1"  # Apple's players know no other
        if plan.rotation or self._shape:
            self.pictures.set_display_rotation(plan.rotation or PLACEHOLDER_DEGREES)

    def _add_note(self, container: str) -> None:
        note, tags, name = self._plan.note, self._output.metadata, _NOTES[container]
        program, _, _ = note.partition(" ")
        theirs = [key for key in tags if key.lower() == name.lower()]  # Matroska's are in capitals
        if not note or any(not tags[key].startswith(f"{program} ") for key in theirs):
            return
        tags.update({**dict.fromkeys(theirs, note), name: note})


def publish(partial: Path, target: Path, overwrite: bool) -> None:
    """Give a whole file its name, and bring the name onto the disk.

    Raises:
        VideoError: the name is taken and must not be replaced; the partial file is removed.
        OSError: the system refuses.
    """
    if target.exists() and not overwrite:
        partial.unlink()
        raise VideoError(f"{target} has appeared meanwhile; the new file is dropped.")
    partial.replace(target)
    with contextlib.suppress(OSError):  # some network drives know no syncing of folders
        sync(target.parent)


@contextlib.contextmanager
def explained(plan: OutputPlan) -> Iterator[None]:
    """Turn what FFmpeg and the system raise into one sentence."""
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
    timescale = unit * -(-1000 // unit)
    if plan.container == "matroska" or timescale > _LARGEST_MOVIE_TIMESCALE:
        return _INTERLEAVE
    return {**_INTERLEAVE, "movie_timescale": str(timescale)}


def _header_shape(plan: OutputPlan) -> Fraction | None:
    """The pixel shape that must be put into the header behind FFmpeg's back; a rotation leaves no room."""
    shape = plan.pictures.sample_aspect_ratio
    wanted = plan.container == "matroska" and shape not in (0, 1) and not plan.rotation
    return shape if wanted else None
