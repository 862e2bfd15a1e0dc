"""Cutting of frame folders and videos into sub-images, so that the training reads less.

Specification 7.1.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from training.data.footage import Footage, find_footage
from training.data.synthetic.pictures import read_picture
from training.data.windows import SMALLEST_SIDE, windows
from training.data.writing import ImageFormat, write_picture, write_whole
from training.options import require
from vsrealbasicvsr.errors import ClipError, VideoError
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import open_source

_WAITING = 2  # waiting pictures per job

OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of a preparation.

    Attributes:
        written: number of files written.
        already: number of files that existed from an earlier run; they are not changed.
        damaged: a message for each picture, video or clip that was omitted, with the reason.
    """

    written: int
    already: int
    damaged: tuple[str, ...]


def prepare(
    sources: Sequence[Path], target: Path, *, size: int = 480, step: int = 240, image: ImageFormat = "png",
    jobs: int | None = None, progress: OnProgress | None = None,
) -> Prepared:  # fmt: skip
    """Cut every frame into overlapping windows. The same window of all frames is a separate clip.

    `target/CLIP_sNNN/FRAME.png` is window NNN of a frame, counted from 001 row by row. A clip is a folder of
    pictures, whose names are kept, or a shot of a video, `VIDEO_shotNNNN`, whose frames are numbered.
    Existing files are not written again, so an interrupted preparation continues where it stopped. Memory
    holds two waiting pictures per job, and the pictures that are being cut.

    Args:
        sources: folders, searched at any depth, and video files.
        target: the folder, not inside a source; it is created if it is missing.
        size: side of the windows. A side of a picture that is shorter, but at least 256 pixels, is not cut.
        step: distance between windows.
        image: the format. Both are lossless; WebP is smaller and slower.
        jobs: number of threads; None uses one per core.
        progress: called with the number of finished pictures, and the total, which is None if there are
            videos.

    Raises:
        TrainingError: a source cannot be used, two clips would get the same name, the target holds sub-images
            of another size, step or format, or the disk is full.
        KeyboardInterrupt: passed on. No incomplete file is left behind.
    """
    clips = find_footage(sources)
    for source in sources:
        require(
            not target.resolve().is_relative_to(source.resolve()),
            f"{target} lies inside the source {source}; choose a place outside, or it would be cut as well.",
        )
    _require_same_options(target, {"size": size, "step": step, "image": image})
    jobs = jobs or os.cpu_count() or 1
    total = sum(len(clip.pictures) for clip in clips) if all(clip.pictures for clip in clips) else None
    tally = _Tally(progress, total)
    cutter = _Cutter(target, f".{image}", size, step)
    waiting: deque[Future[_Outcome]] = deque()
    pool = ThreadPoolExecutor(jobs)
    try:
        for clip in clips:
            for item in _pictures(clip, cutter):
                if isinstance(item, _Outcome):
                    tally.add(item)
                    continue
                waiting.append(pool.submit(cutter.cut, item))
                if len(waiting) > _WAITING * jobs:
                    tally.add(waiting.popleft().result())
        while waiting:
            tally.add(waiting.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)
    return Prepared(tally.written, tally.already, tuple(tally.damaged))


def _require_same_options(target: Path, options: dict[str, int | str]) -> None:
    """Check that an earlier run had the same options: existing files count as done by their names."""
    path, text = target / ".prepare.json", json.dumps(options)
    if not path.is_file():
        write_whole(path, text.encode())
        return
    before = path.read_text(encoding="utf-8", errors="replace")
    require(
        before == text,
        f"{target} was begun with {before}, not {text}; give the same options, or choose another target.",
    )


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture to read: its name for messages, its clip and frame, its expected size, and its reader."""

    label: str
    clip: str
    frame: str
    size: tuple[int, int]
    read: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The outcome for one or more pictures."""

    written: int = 0
    already: int = 0
    damaged: str = ""
    pictures: int = 1


@dataclass(slots=True)
class _Tally:
    progress: OnProgress | None
    total: int | None
    pictures: int = 0
    written: int = 0
    already: int = 0
    damaged: list[str] = field(default_factory=list)

    def add(self, outcome: _Outcome) -> None:
        self.written += outcome.written
        self.already += outcome.already
        self.pictures += outcome.pictures
        if outcome.damaged:
            self.damaged.append(outcome.damaged)
        if self.progress is not None:
            self.progress(self.pictures, self.total)


@dataclass(frozen=True, slots=True)
class _Cutter:
    target: Path
    suffix: str
    size: int
    step: int

    def refusal(self, size: tuple[int, int]) -> str:
        """Return why pictures of a size cannot be cut; empty if they can."""
        if windows(*size, self.size, self.step):
            return ""
        least = min(self.size, SMALLEST_SIDE)
        return f"its pictures are {size[1]}x{size[0]}, below {least}x{least}."

    def cut(self, picture: _Picture) -> _Outcome:
        """Write the missing windows. If none is missing, the picture is not read."""
        places = windows(*picture.size, self.size, self.step)
        paths = [
            self.target / f"{picture.clip}_s{number:03}" / f"{picture.frame}{self.suffix}"
            for number in range(1, len(places) + 1)
        ]
        missing = [(place, path) for place, path in zip(places, paths, strict=True) if not path.exists()]
        already = len(places) - len(missing)
        if not missing:
            return _Outcome(already=already)
        try:
            pixels = picture.read()
        except (ClipError, VideoError) as error:
            return _Outcome(already=already, damaged=str(error))
        height, width = pixels.shape[:2]
        if (height, width) != picture.size:
            expected = f"{picture.size[1]}x{picture.size[0]}"
            message = f"{picture.label}: it is {width}x{height}, the first of its clip {expected}."
            return _Outcome(already=already, damaged=message)
        for (top, left, high, wide), path in missing:
            write_picture(path, pixels[top : top + high, left : left + wide])
        return _Outcome(len(missing), already)


def _pictures(clip: Footage, cutter: _Cutter) -> Iterator[_Picture | _Outcome]:
    return _folder_pictures(clip, cutter) if clip.pictures else _video_pictures(clip, cutter)


def _folder_pictures(clip: Footage, cutter: _Cutter) -> Iterator[_Picture | _Outcome]:
    """Yield a folder's pictures. The first one that can be read sets the size of all."""
    size: tuple[int, int] | None = None
    frames: set[str] = set()
    for number, path in enumerate(clip.pictures):
        if size is None:
            try:
                height, width = read_picture(path).shape[:2]
            except (ClipError, VideoError) as error:
                yield _Outcome(damaged=str(error))
                continue
            size = (height, width)
            if reason := cutter.refusal(size):
                yield _Outcome(damaged=f"{clip.path}: {reason}", pictures=len(clip.pictures) - number)
                return
        if path.stem in frames:
            yield _Outcome(damaged=f"{path}: another picture of its folder has the same name.")
            continue
        frames.add(path.stem)
        yield _Picture(str(path), clip.name, path.stem, size, partial(read_picture, path))


def _video_pictures(clip: Footage, cutter: _Cutter) -> Iterator[_Picture | _Outcome]:
    """Yield a video's pictures. It is decoded once from the start, and split at its scene cuts."""
    try:
        source = open_source(clip.path)
    except VideoError as error:
        yield _Outcome(damaged=str(error))
        return
    with source:
        size = (source.info.height, source.info.width)
        if reason := cutter.refusal(size):
            yield _Outcome(damaged=f"{clip.path}: {reason}")
            return
        shot, number = 1, 0
        for frame, is_first in find_cuts(source):
            shot, number = (shot + 1, 0) if is_first else (shot, number)
            read = partial(_rgb, frame.picture, source.info.colour)
            yield _Picture(str(clip.path), f"{clip.name}_shot{shot:04}", f"{number:08}", size, read)
            number += 1
        if source.lost:
            yield _Outcome(damaged=f"{clip.path}: {source.lost} frames cannot be decoded.", pictures=0)


def _rgb(picture: VideoFrame, colour: Colour) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = rgb_from_frame(picture, colour).mul_(255).round_().byte().numpy()
    return pixels.transpose(1, 2, 0)
