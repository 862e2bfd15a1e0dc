"""Clips from the shots of video files, read by frame-accurate seeking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from training.data.cache import PictureCache
from training.data.clips import draw_place
from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import Colour

# How many frames before the first requested frame to seek; the next value if no key frame comes early enough.
_BACK = (0, 12, 100)


@dataclass(frozen=True, slots=True)
class Video:
    """The facts about a video file from one pass over it.

    Attributes:
        path: path of the file.
        stream: index of the video stream.
        size: height and width as coded.
        colour: meaning of the coded values.
        times: time stamp of every frame in the stream's time base, rising.
        cuts: numbers of the frames that start a shot, without 0.
    """

    path: Path
    stream: int
    size: tuple[int, int]
    colour: Colour
    times: tuple[int, ...]
    cuts: tuple[int, ...]

    def shots(self) -> Iterator[tuple[int, int]]:
        """Yield the first frame and the number of frames of each shot."""
        starts = (0, *self.cuts)
        for start, stop in zip(starts, (*self.cuts, len(self.times)), strict=True):
            yield start, stop - start

    def read(self, first: int, count: int) -> Iterator[NDArray[np.uint8]]:
        """Decode consecutive frames, (H, W, 3) RGB each. Earlier frames of their group are decoded too.

        Raises:
            ClipError: a frame that was decoded during the survey cannot be decoded now, or its size differs
                from the first frame's (a stream may change its size).
        """
        times = self.times[first : first + count]
        try:
            pictures = self._from(first)
            yield from (self._rgb(picture) for picture in _picked(pictures, times))
        except (av.FFmpegError, EOFError) as error:
            numbers = f"{first} to {first + count - 1}"
            raise ClipError(f"{self.path}: frames {numbers} cannot be decoded.") from error

    def _from(self, number: int) -> Iterator[VideoFrame]:
        """Yield frames from a key frame at or before a number; from the beginning if seeking finds none.

        Frames that the decoder outputs before the first key frame are dropped: they refer to pictures that it
        has not decoded.
        """
        for back in _BACK:
            with av.open(self.path, "r") as container:
                stream = self._stream(container)
                container.seek(self.times[max(0, number - back)], stream=stream, backward=True)
                pictures = dropwhile(lambda picture: not picture.key_frame, container.decode(stream))
                key = next(pictures, None)
                if key is not None and key.pts is not None and key.pts <= self.times[number]:
                    yield key
                    yield from pictures
                    return
        with av.open(self.path, "r") as container:
            yield from container.decode(self._stream(container))

    def _stream(self, container: InputContainer) -> VideoStream:
        stream = container.streams[self.stream]
        assert isinstance(stream, VideoStream)
        stream.codec_context.thread_count = 1  # one core per loader process
        return stream

    def _rgb(self, picture: VideoFrame) -> NDArray[np.uint8]:
        if (picture.height, picture.width) != self.size:
            raise ClipError(
                f"{self.path} has pictures of {picture.width}x{picture.height} among those of "
                f"{self.size[1]}x{self.size[0]}; a clip has one size."
            )
        pixels = rgb_from_frame(picture, self.colour).mul_(255.0).round_().byte()
        return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


@dataclass(frozen=True, slots=True)
class ShotClip:
    """The frames of a video between two cuts.

    Attributes:
        video: the video file.
        first: number of the shot's first frame in the video.
        frames: number of frames of the shot.
        cache: decoded frames, shared by the clips of a process.
    """

    video: Video
    first: int
    frames: int
    cache: PictureCache

    @property
    def name(self) -> str:
        """The file and the numbers of the frames."""
        return f"{self.video.path}, frames {self.first} to {self.first + self.frames - 1}"

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`."""
        start, top, left = draw_place(rng, self.frames, self.video.size, count, side)
        frames = self._frames(self.first + start, count)
        return np.stack([frame[top : top + side, left : left + side] for frame in frames])

    def _frames(self, first: int, count: int) -> list[NDArray[np.uint8]]:
        """Return frames from the cache; missing ones are decoded together, from the first to the last."""
        keys = [(self.video.path, number) for number in range(first, first + count)]
        entries = [self.cache.get(key) for key in keys]
        missing = [place for place, frame in enumerate(entries) if frame is None]
        if missing:
            begin, length = missing[0], missing[-1] - missing[0] + 1
            for place, frame in enumerate(self.video.read(first + begin, length), begin):
                self.cache.put(keys[place], frame)
                entries[place] = frame
        frames = [frame for frame in entries if frame is not None]
        if len(frames) != count:
            raise ClipError(f"{self.name}: {count - len(frames)} frames are missing.")
        return frames


def _picked(pictures: Iterator[VideoFrame], times: tuple[int, ...]) -> Iterator[VideoFrame]:
    """Yield the pictures that have these time stamps. The time stamps of both rise."""
    waiting = iter(times)
    time = next(waiting, None)
    for picture in pictures:
        if time is None:
            return
        if picture.pts == time:
            yield picture
            time = next(waiting, None)
