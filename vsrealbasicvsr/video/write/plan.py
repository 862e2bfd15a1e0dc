"""The plan of an output, with all checks that are possible before the first frame is decoded."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.video.stream import VideoStream

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.layout import pixel_layout
from vsrealbasicvsr.video.write.carry import Survey, survey
from vsrealbasicvsr.video.write.encoders import (
    Encoding,
    Pictures,
    check_encoder,
    configure,
    encoder_of,
    pixel_format_of,
)

if TYPE_CHECKING:
    from vsrealbasicvsr.video.colour.tags import Colour
    from vsrealbasicvsr.video.read.source import SourceInfo

CONTAINERS = {".mkv": "matroska", ".mp4": "mp4", ".mov": "mov"}
FRAME_NUMBER = re.compile(r"%(?:0(\d+))?d")
_BT709, _LEFT = 1, 1  # FFmpeg's numbers of a matrix and of a chroma location


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """An output that has passed all checks.

    Attributes:
        target: The file, or the pattern of PNG frames (`frames/%06d.png`).
        container: FFmpeg's name of the format; None for PNG frames.
        encoding: The requested encoding; its encoder is never "auto".
        pictures: The properties that the frames must have.
        source: The file whose streams, tags and chapters are carried; None carries nothing.
        stream: Index of the source's stream that is restored.
        kept: Indices of the streams to carry.
        start: Seconds to subtract from every time stamp.
        rotation: Degrees counter-clockwise, written as a tag; the frames are not turned.
        overwrite: Whether an existing output may be replaced.
        warnings: Warnings for the user before the work starts, one sentence each.
        note: Text on how the file was made, written as a tag; empty writes no tag.
    """

    target: Path
    container: str | None
    encoding: Encoding
    pictures: Pictures
    source: Path | None
    stream: int
    kept: tuple[int, ...]
    start: Fraction
    rotation: int
    overwrite: bool
    warnings: tuple[str, ...]
    note: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pictures.width, self.pictures.height

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of the pixel format that `Sink.write` takes."""
        return self.pictures.pixel_format

    @property
    def colour(self) -> Colour:
        """The colour of the frames that `Sink.write` takes; it is also written as tags."""
        return self.pictures.colour


def plan_output(
    path: str | Path,
    info: SourceInfo,
    size: tuple[int, int],
    encoding: Encoding | None = None,
    *,
    strict: bool = False,
    overwrite: bool = False,
    carry: bool = True,
    in_pieces: bool = False,
    note: str = "",
) -> OutputPlan:
    """Check an output as far as possible before the first frame is decoded, and return its plan.

    Args:
        path: A video file, a folder for PNG frames, or the pattern of PNG frames.
        info: The source.
        size: Width and height of the output in pixels.
        encoding: The encoder and its settings; None chooses by the path.
        strict: True to raise an error if the output cannot hold a stream of the source; False to warn.
        overwrite: Whether an existing output may be replaced.
        carry: Whether to carry the source's other streams, tags and chapters.
        in_pieces: Whether the output is joined from pieces, which need disk space beside it.
        note: Text on how the file was made, to be written as a tag.

    Raises:
        VideoError: the output cannot be made; the message is one sentence with the reason.
    """
    target, container = _target(path)
    encoding = encoding or Encoding()
    if encoding.encoder == "auto":
        encoding = replace(encoding, encoder="png" if container is None else "x264")
    source = Path(info.path)
    _check_place(target, source, overwrite)
    pixel_format = pixel_format_of(encoding)
    pictures = Pictures(
        *size,
        pixel_format,
        output_colour(info.colour, pixel_format),
        info.sample_aspect_ratio,
        info.time_base,
        info.rate,
    )
    _check_kind(target, container, encoding, pictures)
    check_encoder(encoding, pictures)
    carried = source if carry and source.is_file() else None
    streams = survey(carried, container, info.stream) if carried else Survey()
    left_out = _left_out(target, streams)
    if strict and left_out:
        raise VideoError(f"{left_out}; write a .mkv file, or leave --strict out.")
    warnings = (
        left_out and left_out + ".",
        _shape_lost(container, encoding, pictures, info.rotation),
        _space(target, info, encoding, size, 2 if in_pieces and container else 1),
    )
    return OutputPlan(
        target=target,
        container=container,
        encoding=encoding,
        pictures=pictures,
        source=carried,
        stream=info.stream,
        kept=streams.kept,
        start=info.start,
        rotation=info.rotation,
        overwrite=overwrite,
        warnings=tuple(filter(None, warnings)),
        note=note,
    )


def output_colour(colour: Colour, pixel_format: str) -> Colour:
    """Return the colour to write: the source's, changed only where RGB and YUV differ.

    RGB has no matrix and is full range. YUV from an RGB source gets BT.709 in limited range.

    Raises:
        VideoError: frames of this pixel format cannot be written.
    """
    layout = pixel_layout(pixel_format)
    if layout.spare:
        raise VideoError(f"cannot write the pixel format {pixel_format}: choose one without alpha.")
    if layout.family == "rgb":
        return replace(colour, matrix=0, full_range=True, chroma_location=0)
    if colour.matrix == 0:
        colour = replace(colour, matrix=_BT709, full_range=False, chroma_location=0)
    return replace(
        colour,
        chroma_location=colour.chroma_location or _LEFT if layout.is_subsampled else 0,
        full_range=colour.full_range or layout.full_range,
    )


def frame_path(pattern: Path, number: int) -> Path:
    """Return the path of a PNG frame; frames are numbered from 0."""
    return pattern.with_name(
        FRAME_NUMBER.sub(lambda match: f"{number:0{match[1] or 0}d}", pattern.name, count=1)
    )


def beside(output: Path, ending: str) -> Path:
    """Return the path of a file or folder beside an output: the output's name with an ending.

    Of a pattern of frames, the folder's name is taken.
    """
    is_pattern = output.suffix.lower() == ".png" and FRAME_NUMBER.search(output.name)
    path = output.parent if is_pattern else output
    if path.name in ("", ".."):  # such a path has no name of its own
        path = path.resolve()
    return path.with_name(f"{path.name}{ending}")


def _target(path: str | Path) -> tuple[Path, str | None]:
    target = Path(path)
    if target.is_dir() or not target.suffix or str(path).endswith(os.sep):
        return target / "%06d.png", None
    suffix = target.suffix.lower()
    if suffix == ".png":
        return target, None
    if suffix not in CONTAINERS:
        raise VideoError(
            f"unknown extension {target.suffix}: write {', '.join(CONTAINERS)}, "
            "or PNG frames (a folder, or NAME%06d.png)."
        )
    return target, CONTAINERS[suffix]


def _check_place(target: Path, source: Path, overwrite: bool) -> None:
    is_pattern = FRAME_NUMBER.search(target.name) is not None
    folder = target.parent
    if is_pattern and folder.resolve() == folder.resolve().parent:
        raise VideoError(f"frames cannot be written to {folder} itself: choose a folder in it.")
    if is_pattern and not folder.exists():
        folder = folder.parent  # the sink makes the folder of the frames
    if not folder.is_dir():
        raise VideoError(f"there is no folder {folder}: make it first.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise VideoError(f"cannot write in {folder}: {error.strerror}.") from error
    if _same(target, source) or (is_pattern and (_same(target.parent, source) or target == source)):
        raise VideoError(f"the output {target} is the source itself: choose another name.")
    existing = frame_path(target, 0) if is_pattern else target
    if existing.is_dir():
        raise VideoError(f"{existing} is a folder: choose another name.")
    if existing.exists() and not overwrite:
        raise VideoError(f"{existing} exists: choose another name, or give --overwrite.")


def _same(first: Path, second: Path) -> bool:
    return first.exists() and second.exists() and first.samefile(second)


def _check_kind(target: Path, container: str | None, encoding: Encoding, pictures: Pictures) -> None:
    if container is None:
        if encoder_of(encoding).codec != "png":
            raise VideoError(f"{encoding.encoder} cannot write PNG frames: leave --encoder out.")
    elif encoder_of(encoding).codec == "png":
        raise VideoError(f"png writes frames: give a folder or NAME%06d.png instead of {target.name}.")
    elif not _fits(container, encoding, pictures):
        others = [ext for ext, name in CONTAINERS.items() if _fits(name, encoding, pictures)]
        instead = f"write {' or '.join(others)}" if others else "choose another encoder"
        raise VideoError(f"{target.suffix} cannot hold {encoding.encoder}: {instead}.")


def _fits(container: str, encoding: Encoding, pictures: Pictures) -> bool:
    """Return whether the container takes the encoder; it is tried in memory with small frames."""
    trial = av.open(io.BytesIO(), "w", format=container)
    try:
        stream = trial.add_stream(encoder_of(encoding).codec)
        assert isinstance(stream, VideoStream)
    except ValueError:  # PyAV: the format does not support the codec
        return False
    context = stream.codec_context
    configure(context, replace(encoding, options=(), crf=None), replace(pictures, width=64, height=64))
    try:
        context.open()
    except av.FFmpegError:
        return True  # the reason is in the encoder; check_encoder explains it
    try:
        trial.start_encoding()
        trial.close()
    except av.FFmpegError:
        return False
    return True


def _left_out(target: Path, streams: Survey) -> str:
    """Return a clause that names the streams that the output cannot hold; empty if it can hold all."""
    if not streams.left_out:
        return ""
    name = target.name if target.suffix != ".png" else "PNG frames"
    return f"{name} cannot hold these of the source: {'; '.join(streams.left_out)}"


def _shape_lost(container: str | None, encoding: Encoding, pictures: Pictures, rotation: int) -> str:
    """Return a warning if the pixel shape is lost, otherwise an empty text.

    With PyAV we can write a rotation or a pixel shape into Matroska's header, but not both; x264 and x265
    also write the shape into the bitstream.
    """
    in_bitstream = encoder_of(encoding).codec in ("libx264", "libx265")
    if container != "matroska" or in_bitstream or not rotation or pictures.sample_aspect_ratio in (0, 1):
        return ""
    shape = pictures.sample_aspect_ratio
    return f"the pixel shape {shape.numerator}:{shape.denominator} is lost: write .mp4 or .mov to keep it."


def _space(target: Path, info: SourceInfo, encoding: Encoding, size: tuple[int, int], copies: int) -> str:
    """Return a warning if the disk looks too small, otherwise an empty text.

    The estimate is rough, within a factor of about two.
    """
    frames = info.frames or float((info.duration or 0) * info.rate)
    needed = copies * frames * size[0] * size[1] * encoder_of(encoding).bits_per_pixel / 8
    folder = target.parent if target.parent.exists() else target.parent.parent
    free = shutil.disk_usage(folder).free
    if needed <= free:
        return ""
    subject = "the output and its segments" if copies > 1 else "the output"
    return f"{subject} may take {needed / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free."
