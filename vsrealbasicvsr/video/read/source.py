"""Sources of frames: video files and image sequences, with times, colour and pixel shape."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import Literal, Protocol, Self

from av.video.frame import VideoFrame

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.tags import Colour, describe_colour
from vsrealbasicvsr.video.filter_chain import FilterChain
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.deinterlace import deinterlace as deinterlaced
from vsrealbasicvsr.video.read.images import ImageSequence, is_image_sequence
from vsrealbasicvsr.video.read.reader import Facts, Reader, Tally
from vsrealbasicvsr.video.read.timestamps import in_order, stated_time
from vsrealbasicvsr.video.read.videofile import VideoFile

Deinterlace = Literal["auto", "off", "frame", "field"]

# Frames before the requested time that bwdif gets: the frame that a field belongs to, and one before it.
_LEAD = 2
_PROBED = 30  # frames that are decoded first, to detect interlacing
_SMALLEST_FIELDS = (3, 4)  # width and height; bwdif refuses smaller frames


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of a source that are known before its frames are read.

    Attributes:
        path: The file, folder or pattern.
        stream: Index in the container of the stream that is read; 0 for images.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        pixel_format: FFmpeg's name of the first frame's pixel format.
        colour: Colour of the first frame.
        assumptions: Notes on the parts of the colour that were not tagged but assumed.
        sample_aspect_ratio: Width over height of a pixel; 1 where unknown.
        time_base: Unit of time stamps and durations, in seconds.
        rate: Frames per second, average or guessed.
        rotation: Degrees counter-clockwise by which a player turns the frames; they are not turned here.
        frames: Expected number of frames, only for progress; None where unknown.
        duration: Duration in seconds; None where unknown.
        start: The container's first time stamp over all of its streams, in seconds.
        interlaced: Whether the source is interlaced; it may be deinterlaced here or not.
    """

    path: Path
    stream: int
    width: int
    height: int
    pixel_format: str
    colour: Colour
    assumptions: tuple[str, ...]
    sample_aspect_ratio: Fraction
    time_base: Fraction
    rate: Fraction
    rotation: int
    frames: int | None
    duration: Fraction | None
    start: Fraction
    interlaced: bool


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """A decoded frame and its time.

    Attributes:
        picture: The frame with its own format, tags and side data, in the source's size.
        pts: Time stamp in the source's time base, larger than that of the frame before.
        duration: Duration in the same unit; None where unknown.
    """

    picture: VideoFrame
    pts: int
    duration: int | None


class Source(Protocol):
    """Frames in order, read one at a time; each iteration reads from the start again.

    Damage does not raise errors while frames are read. It is counted: `lost` for frames that could not be
    decoded, and `damaged` for decoded frames that the decoder marks as corrupt. Both counts and `warnings`
    belong to the newest iteration, and are complete at its end.
    """

    @property
    def info(self) -> SourceInfo:
        """Properties of the source."""

    @property
    def lost(self) -> int:
        """Number of frames so far that could not be decoded or are missing."""

    @property
    def damaged(self) -> int:
        """Number of frames so far that the decoder marks as corrupt."""

    @property
    def repaired(self) -> bool:
        """Whether time stamps were repaired so far, so that some differ from the file's."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the user so far, one sentence each."""

    def __iter__(self) -> Iterator[SourceFrame]:
        """Read from the start."""

    def since(
        self, number: int, pts: int, check: int, *, seek: bool = True, damaged: bool = False
    ) -> Generator[SourceFrame]:
        """Read from a frame on; the frames are exactly those that a read from the start gives from there on.

        Decoding begins shortly before that frame. If this does not lead to a frame with its time and its
        checksum, the file is read from the start. Closing the generator closes the file.

        `lost`, `damaged` and `warnings` are about this frame and those after it, as far as the decoder
        reports errors. Frames that are missing without an error are found only by a read from the start.

        Args:
            number: Number of the frame, counted from 0 in the whole source.
            pts: Time stamp of the frame.
            check: `checksum` of its picture.
            seek: Whether the frame may be searched by its time; False reads from the start and counts. Use
                False if a read from the start ended with `repaired`: other frames may state the same time.
            damaged: Whether a read from the start ended with lost or damaged frames. FFmpeg fills holes with
                old contents of its memory. So these frames, and frames that depend on them, may differ from
                read to read. If no frame has the checksum, number and time are then enough.

        Raises:
            VideoError: the source has changed, so it has no such frame at that place; or it cannot be opened.
        """

    def close(self) -> None:
        """Close the source; it cannot be read any more."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


def open_source(
    path: str | Path,
    *,
    deinterlace: Deinterlace = "auto",
    rate: Fraction | None = None,
    stream: int | None = None,
) -> Source:
    """Open a video or an image sequence, and decode its first frames as a check.

    Args:
        path: Any file that FFmpeg reads, a folder of images, or a pattern such as `frames/%06d.png`.
        deinterlace: "frame" and "field" deinterlace every frame, and give one frame for each frame or for
            each field. "auto" gives one frame for each frame, and deinterlaces frames that are flagged as
            interlaced, if the container or the first frames show that the source is interlaced. "off" leaves
            all frames unchanged.
        rate: Frames per second of an image sequence; None is 25.
        stream: Index of the video stream in the container; None takes the default stream, or otherwise the
            largest.

    Raises:
        VideoError: there is no such file or video, or no frame can be decoded.
    """
    path = Path(path)
    if is_image_sequence(path):
        if stream is not None:
            raise VideoError(f"{path} is an image sequence, which has no streams: leave the stream out.")
        return _OpenSource(ImageSequence(path, rate), deinterlace)
    if not path.exists():
        raise VideoError(f"there is no file {path}: check the name.")
    if not path.is_file():  # it is opened more than once, which is not possible with a pipe
        raise VideoError(f"{path} is a pipe or a device: give a file.")
    if rate is not None:
        raise VideoError(f"{path} has its own time stamps: a rate is for image sequences only.")
    return _OpenSource(VideoFile(path, stream), deinterlace)


class _OpenSource:
    """The frames of a reader, with repaired time stamps, in one size, and deinterlaced."""

    def __init__(self, reader: Reader, deinterlace: Deinterlace) -> None:
        self._reader = reader
        self._tally = Tally()
        self._closed = False
        first, interlaced = _probe(reader, _PROBED if deinterlace == "auto" else 1)
        self._size = first.width, first.height
        self._mode = _mode(deinterlace, interlaced, self._size)
        self._fields = 2 if self._mode == "field" else 1
        self._only_flagged = deinterlace == "auto"
        self._info = _info(reader.facts, first, self._mode, interlaced)

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def lost(self) -> int:
        return self._tally.lost

    @property
    def damaged(self) -> int:
        return self._tally.damaged

    @property
    def repaired(self) -> bool:
        return self._tally.repaired

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._tally.warnings)

    def __iter__(self) -> Iterator[SourceFrame]:
        tally = self._new_tally()
        return self._frames(self._reader.pictures(tally), tally)

    def since(
        self, number: int, pts: int, check: int, *, seek: bool = True, damaged: bool = False
    ) -> Generator[SourceFrame]:
        for frames, is_counted in self._readings(number, pts, self._new_tally(), seek=seek):
            with closing(frames):
                first = next(frames, None)
                if first is None or first.pts != pts:
                    continue
                if checksum(first.picture) != check and not (is_counted and damaged):
                    continue
                yield first
                yield from frames
                return
        raise VideoError(
            f"{self._reader.facts.path} has changed since the job began: "
            f"frame {number} is not the one it was; put the old file back, or begin a new job."
        )

    def _new_tally(self) -> Tally:
        if self._closed:
            raise ValueError("the source is closed")
        self._tally = Tally()
        return self._tally

    def _readings(
        self, number: int, pts: int, tally: Tally, *, seek: bool
    ) -> Iterator[tuple[Generator[SourceFrame], bool]]:
        """Yield iterators that should begin with this frame, shortest first, and whether it was counted."""
        if seek:
            for pictures in self._reader.shortcuts(pts // self._fields, tally):
                yield self._from_shortcut(pictures, number, pts, tally), False
        yield self._from_start(number, tally), True

    def _from_shortcut(
        self, pictures: Iterator[VideoFrame], number: int, pts: int, tally: Tally
    ) -> Generator[SourceFrame]:
        """Yield the frames from `pts` on; `pictures` begin at some frame before it.

        Of the frames before it only those that deinterlacing needs are used, because the first frames after a
        seek may be damaged.
        """
        lead = deque[VideoFrame](maxlen=0 if self._mode is None else _LEAD)
        for picture in pictures:
            time = stated_time(picture)
            if time is not None and time * self._fields >= pts:
                break
            lead.append(picture)
        else:
            return
        _restart_tally(tally, picture)
        second_field = time * self._fields > pts
        first = number // self._fields + second_field - len(lead)
        frames = self._frames(chain((*lead, picture), pictures), tally, first)
        yield from dropwhile(lambda frame: frame.pts < pts, frames)

    def _from_start(self, number: int, tally: Tally) -> Generator[SourceFrame]:
        """Yield the frames from `number` on, and read the source from the start for this."""

        def pictures() -> Iterator[VideoFrame]:
            for place, picture in enumerate(self._reader.pictures(tally, estimate=False)):
                if place == number // self._fields:
                    _restart_tally(tally, picture)
                yield picture

        yield from islice(self._frames(pictures(), tally), number, None)

    def _frames(self, pictures: Iterator[VideoFrame], tally: Tally, first: int = 0) -> Iterator[SourceFrame]:
        """Convert decoded frames to `SourceFrame`; `first` is the number of the first one, for warnings."""
        facts = self._reader.facts
        pictures = in_order(pictures, facts, tally, first)
        pictures = _of_one_size(pictures, self._size, facts, tally, first)
        if self._mode is None:
            pictures = _with_warning(pictures, tally, first)
        else:
            pictures = deinterlaced(
                pictures,
                time_base=facts.time_base,
                sample_aspect_ratio=facts.sample_aspect_ratio,
                output=self._mode,
                only_flagged=self._only_flagged,
            )
        for picture in pictures:
            assert picture.pts is not None
            yield SourceFrame(picture, picture.pts, picture.duration or None)

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _probe(reader: Reader, count: int) -> tuple[VideoFrame, bool]:
    """Return the first frame, and whether the container or the first `count` frames state interlacing."""
    pictures = reader.pictures(Tally())
    first = next(pictures, None)
    if first is None:
        raise VideoError(f"not one picture of {reader.facts.path} can be decoded: it is empty or damaged.")
    interlaced = reader.facts.interlaced or first.interlaced_frame
    return first, interlaced or any(p.interlaced_frame for p in islice(pictures, count - 1))


def _mode(
    deinterlace: Deinterlace, interlaced: bool, size: tuple[int, int]
) -> Literal["frame", "field"] | None:
    if deinterlace == "off" or size[0] < _SMALLEST_FIELDS[0] or size[1] < _SMALLEST_FIELDS[1]:
        return None
    if deinterlace == "auto":
        return "frame" if interlaced else None
    return deinterlace


def _info(
    facts: Facts, first: VideoFrame, mode: Literal["frame", "field"] | None, interlaced: bool
) -> SourceInfo:
    colour, assumptions = describe_colour(first)
    fields = 2 if mode == "field" else 1
    return SourceInfo(
        path=facts.path,
        stream=facts.stream,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        colour=colour,
        assumptions=assumptions,
        sample_aspect_ratio=facts.sample_aspect_ratio,
        time_base=facts.time_base / fields,
        rate=facts.rate * fields,
        rotation=first.rotation,
        frames=facts.frames and facts.frames * fields,
        duration=facts.duration,
        start=facts.start,
        interlaced=interlaced,
    )


def _of_one_size(
    pictures: Iterator[VideoFrame], size: tuple[int, int], facts: Facts, tally: Tally, first: int
) -> Iterator[VideoFrame]:
    """Scale frames of another size to the first one's; network and encoder need frames of one size."""
    scaler = FilterChain(
        ("scale", f"{size[0]}:{size[1]}:flags=bicubic+accurate_rnd+full_chroma_int"),
        time_base=facts.time_base,
        sample_aspect_ratio=facts.sample_aspect_ratio,
    )
    warned = False
    for number, picture in enumerate(pictures, first):
        if (picture.width, picture.height) == size:
            yield picture
            continue
        if not warned:
            warned = True
            tally.warnings.append(
                f"from frame {number} on pictures are {picture.width}x{picture.height}; "
                f"they are scaled to the first one's {size[0]}x{size[1]}."
            )
        yield from scaler.push(picture)


def _restart_tally(tally: Tally, picture: VideoFrame) -> None:
    """Reset the counts and warnings; this frame is the first one that counts."""
    tally.lost, tally.damaged, tally.warnings = 0, int(picture.is_corrupt), []


def _with_warning(pictures: Iterator[VideoFrame], tally: Tally, first: int) -> Iterator[VideoFrame]:
    """Yield the same frames, and add one warning if a frame is interlaced."""
    warned = False
    for number, picture in enumerate(pictures, first):
        if picture.interlaced_frame and not warned:
            warned = True
            tally.warnings.append(f"frame {number} is interlaced, and is not deinterlaced.")
        yield picture
