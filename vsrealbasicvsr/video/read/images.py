"""Image sequences as sources of frames: a folder of images, or a pattern of numbered files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from io import FileIO
from itertools import pairwise
from pathlib import Path

import av
from av.video.frame import VideoFrame

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.reader import Facts, Tally

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".pam", ".dpx", ".exr", ".jxl", ".jp2", ".j2k", ".qoi", ".sgi", ".hdr", ".pfm", ".pcx", ".ras"),
)
DEFAULT_RATE = Fraction(25)
_NUMBER = re.compile(r"%(?:0(\d+))?d")
_DIGITS = re.compile(r"(\d+)")


class ImageSequence:
    """Images in order; the time stamp of an image is its index in the sequence.

    Args:
        path: A folder, a pattern such as `frames/%06d.png`, or one image.
        rate: Frames per second; None is 25.

    Raises:
        VideoError: there are no images, or the rate is not positive.
    """

    def __init__(self, path: Path, rate: Fraction | None = None) -> None:
        if rate is not None and rate <= 0:
            raise VideoError(f"a rate of {rate} pictures a second is not possible: give a positive one.")
        self._files = image_files(path)
        rate = rate or DEFAULT_RATE
        count = len(self._files)
        self._facts = Facts(path=path, time_base=1 / rate, rate=rate, frames=count, duration=count / rate)

    @property
    def facts(self) -> Facts:
        """See `Reader.facts`."""
        return self._facts

    def pictures(self, tally: Tally, *, estimate: bool = True) -> Iterator[VideoFrame]:
        """See `Reader.pictures`; an image that cannot be decoded is lost, and no frame has its time stamp."""
        if estimate and (gap := _describe_gaps(self._files)):
            tally.warnings.append(gap)
        yield from self._from(0, tally)

    def shortcuts(self, pts: int, tally: Tally) -> Iterator[Iterator[VideoFrame]]:
        """See `Reader.shortcuts`; there is one, and it begins with the requested image."""
        if 0 <= pts < len(self._files):
            yield self._from(pts, tally)

    def _from(self, start: int, tally: Tally) -> Iterator[VideoFrame]:
        for place, file in enumerate(self._files[start:], start):
            try:
                picture = decode_image(file)
            except (av.FFmpegError, OSError, ValueError) as error:
                tally.lost += 1
                reason = getattr(error, "strerror", None) or error
                tally.warnings.append(f"{file} is left out, it cannot be decoded: {reason}.")
                continue
            picture.pts, picture.time_base, picture.duration = place, self._facts.time_base, 1
            tally.damaged += picture.is_corrupt
            yield picture


def is_image_sequence(path: Path) -> bool:
    """Return whether a path means images instead of a video file."""
    if path.is_dir():
        return True
    if path.is_file():
        return path.suffix.lower() in IMAGE_SUFFIXES
    return bool(_NUMBER.search(path.name))


def image_files(path: Path) -> tuple[Path, ...]:
    """Return the images of a folder or pattern in order; for a path of one image, only this image.

    Raises:
        VideoError: there are none.
    """
    if path.is_file():
        return (path,)
    if path.is_dir():
        images = [file for file in path.iterdir() if _is_image(file)]
        if not images:
            raise VideoError(f"there are no images in {path}: give a folder of .png, .jpg or the like.")
        return tuple(sorted(images, key=_natural))
    numbered = _numbered(path)
    if not numbered:
        raise VideoError(f"no file fits the pattern {path}: check the folder and the number of digits.")
    return tuple(numbered[number] for number in sorted(numbered))


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".") and file.is_file()


def _numbered(pattern: Path) -> dict[int, Path]:
    """Return the files that match a printf pattern, by number."""
    placeholder = _NUMBER.search(pattern.name)
    if placeholder is None or not pattern.parent.is_dir():
        return {}
    before, after = pattern.name[: placeholder.start()], pattern.name[placeholder.end() :]
    name = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")
    width = int(placeholder[1] or 1)
    files: dict[int, Path] = {}
    for file in pattern.parent.iterdir():
        if (match := name.fullmatch(file.name)) and match[1] == f"{int(match[1]):0{width}d}":
            files[int(match[1])] = file
    return files


def _natural(file: Path) -> tuple[tuple[int, int | str], ...]:
    """Return a key for sorting names by their numbers, so that 2 comes before 10."""
    parts = _DIGITS.split(file.name.casefold())
    return (*((1, int(part)) if part.isdecimal() else (0, part) for part in parts if part), (0, file.name))


def _describe_gaps(files: tuple[Path, ...]) -> str:
    """Return a sentence if numbers are missing; an empty text if none are, or names are not numbered."""
    matches = [re.fullmatch(r"(.*?)(\d+)", file.stem) for file in files]
    if not all(matches) or len({match[1] for match in matches if match}) != 1:
        return ""
    numbers = [int(match[2]) for match in matches if match]
    gaps = [(first, second) for first, second in pairwise(numbers) if second > first + 1]
    if not gaps:
        return ""
    missing = sum(second - first - 1 for first, second in gaps)
    return f"{missing} numbers are missing in the sequence, the first after {gaps[0][0]}; it is read as one."


def decode_image(file: Path) -> VideoFrame:
    """Decode the first frame of an image file; its format is detected from the content."""
    with file.open("rb", buffering=0) as stream:
        # FFmpeg would read ?, * and { as signs of a pattern, also in the names of folders.
        stream.name = f"image{file.suffix}"
        return _first_picture(stream)


def _first_picture(stream: FileIO) -> VideoFrame:
    with av.open(stream, "r") as container:
        if not container.streams.video:
            raise ValueError("it is not an image")
        for picture in container.decode(container.streams.video[0]):
            return picture
    raise ValueError("it holds no picture")
