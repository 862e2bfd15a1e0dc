"""Where frames come from: video files and image sequences, with their time, colour and shape."""

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

_LEAD = 2  # pictures before the wanted time that bwdif gets: one that a field belongs to, and one before
_PROBED = 30  # pictures that are looked at for signs of interlacing
_SMALLEST_FIELDS = (3, 4)  # bwdif refuses smaller pictures


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its frames are read.

    Attributes:
        path: The file, folder or pattern.
        stream: The container's index of the stream that is read; 0 for images.
        width: Of the pictures handed out, in pixels.
        height: Likewise.
        pixel_format: FFmpeg's name, of the first picture.
        colour: What the first picture's values mean.
        assumptions: What of it was not tagged but assumed, a sentence each.
        sample_aspect_ratio: Width by height of a pixel, 1 where unknown.
        time_base: Seconds, the unit of time stamps and durations.
        rate: Pictures a second, average or guessed.
        rotation: Degrees counter-clockwise by which a player turns the pictures; they stay as coded.
        frames: Expected number, for progress only; None where unknown.
        duration: Seconds, None where unknown.
        start: Seconds; the container's first time stamp, over all of its streams.
        interlaced: Whether the source is interlaced, deinterlaced here or not.
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
    """A picture and its time.

    Attributes:
        picture: As decoded: own format, tags and side data; of the source's size.
        pts: Time stamp in the source's time base, larger than the frame's before.
        duration: In the same unit; None where unknown.
    """

    picture: VideoFrame
    pts: int
    duration: int | None


class Source(Protocol):
    """Frames in order, read one at a time; each iteration reads anew.

    Damage never raises while frames are read. It is counted: `lost` for pictures that could not be handed
    out, `damaged` for those handed out though the decoder calls them corrupt. Both, like `warnings`,
    belong to the newest iteration, and are complete at its end.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known beforehand."""

    @property
    def lost(self) -> int:
        """Pictures that could not be decoded or are missing at the end, so far."""

    @property
    def damaged(self) -> int:
        """Pictures handed out with visible damage, so far."""

    @property
    def repaired(self) -> bool:
        """Whether time stamps were repaired so far, so that they are not all the file's own."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, a sentence each, so far."""

    def __iter__(self) -> Iterator[SourceFrame]:
        """Read from the start."""

    def since(
        self, number: int, pts: int, check: int, *, seek: bool = True, damaged: bool = False
    ) -> Generator[SourceFrame]:
        """Read from a frame on, exactly what a read from the start gives from there on.

        The file is entered shortly before that frame. Where that does not lead to it, as its time and its
        checksum tell, the file is read from the start. Closing the generator closes the file.

        `lost`, `damaged` and `warnings` tell of this frame and those after it, as far as the decoder
        complains; pictures that are missing without a trace are found by reading from the start only.

        Args:
            number: The frame's, counted from 0 in the whole source.
            pts: Its time stamp.
            check: `checksum` of its picture.
            seek: Whether it may be looked for by its time; False reads from the start and counts. Give False
                where a read from the start ended with `repaired`: then other frames may state the same time.
            damaged: Whether a read from the start ended with lost or damaged pictures. FFmpeg fills holes
                with what is left in its memory, so that these, and those that follow from them, may differ
                from read to read: if none fits `check`, number and time are enough.

        Raises:
            VideoError: the source has no such frame at that place, so it has changed; or it cannot be opened.
        """

    def close(self) -> None:
        """Free what is held; the source cannot be read any more."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


def open_source(
    path: str | Path,
    *,
    deinterlace: Deinterlace = "auto",
    rate: Fraction | None = None,
    stream: int | None = None,
) -> Source:
    """Open a video or an image sequence, and decode its first pictures as a check.

    Args:
        path: Any file FFmpeg reads, a folder of images, or a pattern such as `frames/%06d.png`.
        deinterlace: "frame" or "field" treats every picture, and gives one for each frame or field; "auto"
            gives one for each frame, and treats those flagged as interlaced, if the first pictures or the
            container say that there are such; "off" leaves all as they are.
        rate: Pictures a second of an image sequence; None is 25.
        stream: The container's index of the video stream; None takes the default one, else the largest.

    Raises:
        VideoError: there is no such file or video, or not one picture can be decoded.
    """
    path = Path(path)
    if is_image_sequence(path):
        if stream is not None:
            raise VideoError(f"{path} is an image sequence, which has no streams: leave the stream out.")
        return _OpenSource(ImageSequence(path, rate), deinterlace)
    if not path.exists():
        raise VideoError(f"there is no file {path}: check the name.")
    if not path.is_file():  # it is opened more than once, which a pipe cannot bear
        raise VideoError(f"{path} is a pipe or a device: give a file.")
    if rate is not None:
        raise VideoError(f"{path} has its own time stamps: a rate is for image sequences only.")
    return _OpenSource(VideoFile(path, stream), deinterlace)


class _OpenSource:
    """A reader's pictures put in order, brought to one size, and deinterlaced."""

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
        for frames, is_counted in self._ways(number, pts, self._new_tally(), seek=seek):
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

    def _ways(
        self, number: int, pts: int, tally: Tally, *, seek: bool
    ) -> Iterator[tuple[Generator[SourceFrame], bool]]:
        """Readings that should begin with this frame, the shortest first, and whether its number is sure."""
        if seek:
            for pictures in self._reader.shortcuts(pts // self._fields, tally):
                yield self._near(pictures, number, pts, tally), False
        yield self._counted(number, tally), True

    def _near(
        self, pictures: Iterator[VideoFrame], number: int, pts: int, tally: Tally
    ) -> Generator[SourceFrame]:
        """The frames from `pts` on, by pictures that begin somewhere before.

        Of those before it no more are used than deinterlacing needs: the first after a seek may be broken.
        """
        lead = deque[VideoFrame](maxlen=0 if self._mode is None else _LEAD)
        for picture in pictures:
            time = stated_time(picture)
            if time is not None and time * self._fields >= pts:
                break
            lead.append(picture)
        else:
            return
        _begin_anew(tally, picture)
        second_field = time * self._fields > pts
        first = number // self._fields + second_field - len(lead)
        frames = self._frames(chain((*lead, picture), pictures), tally, first)
        yield from dropwhile(lambda frame: frame.pts < pts, frames)

    def _counted(self, number: int, tally: Tally) -> Generator[SourceFrame]:
        """The frames from `number` on, read from the start."""

        def pictures() -> Iterator[VideoFrame]:
            for place, picture in enumerate(self._reader.pictures(tally, estimate=False)):
                if place == number // self._fields:
                    _begin_anew(tally, picture)
                yield picture

        yield from islice(self._frames(pictures(), tally), number, None)

    def _frames(self, pictures: Iterator[VideoFrame], tally: Tally, first: int = 0) -> Iterator[SourceFrame]:
        """Decoded pictures as frames; `first` is the number of the first, for warnings."""
        facts = self._reader.facts
        pictures = in_order(pictures, facts, tally, first)
        pictures = _of_one_size(pictures, self._size, facts, tally, first)
        if self._mode is None:
            pictures = _watched(pictures, tally, first)
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
    """The first picture, and whether the source is interlaced as far as its first `count` tell."""
    pictures = reader.pictures(Tally())
    first = next(pictures, None)
    if first is None:
        raise VideoError(f"not one picture of {reader.facts.path} can be decoded: it is empty or damaged.")
    interlaced = reader.facts.interlaced or first.interlaced_frame
    return first, interlaced or any(p.interlaced_frame for p in islice(pictures, count - 1))


def _mode(asked: Deinterlace, interlaced: bool, size: tuple[int, int]) -> Literal["frame", "field"] | None:
    if asked == "off" or size[0] < _SMALLEST_FIELDS[0] or size[1] < _SMALLEST_FIELDS[1]:
        return None
    if asked == "auto":
        return "frame" if interlaced else None
    return asked


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
    """Scale pictures of another size to the first one's; the network and the encoder know one size only."""
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


def _begin_anew(tally: Tally, picture: VideoFrame) -> None:
    """Forget what went wrong before this picture."""
    tally.lost, tally.damaged, tally.warnings = 0, int(picture.is_corrupt), []


def _watched(pictures: Iterator[VideoFrame], tally: Tally, first: int) -> Iterator[VideoFrame]:
    warned = False
    for number, picture in enumerate(pictures, first):
        if picture.interlaced_frame and not warned:
            warned = True
            tally.warnings.append(f"frame {number} is interlaced, and is not deinterlaced.")
        yield picture
