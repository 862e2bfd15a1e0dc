"""A folder of images, or a numbered sequence by its pattern, as a source of pictures."""

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
    """Images in order; the time stamp of each is its place in the sequence, in pictures.

    Args:
        path: A folder, a pattern such as `frames/%06d.png`, or one image.
        rate: Pictures a second; None is 25.

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
        """See `Reader.pictures`; an image that cannot be decoded is lost, and its time stays empty."""
        if estimate and (gap := _describe_gaps(self._files)):
            tally.warnings.append(gap)
        yield from self._from(0, tally)

    def shortcuts(self, pts: int, tally: Tally) -> Iterator[Iterator[VideoFrame]]:
        """See `Reader.shortcuts`; the one there is begins with the very image."""
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
    """Whether a path means images rather than a video file."""
    if path.is_dir():
        return True
    if path.is_file():
        return path.suffix.lower() in IMAGE_SUFFIXES
    return bool(_NUMBER.search(path.name))


def image_files(path: Path) -> tuple[Path, ...]:
    """The images of a folder or pattern in their order; of one image, itself.

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
    """The files that a printf pattern can name, by number."""
    found = _NUMBER.search(pattern.name)
    if found is None or not pattern.parent.is_dir():
        return {}
    before, after = pattern.name[: found.start()], pattern.name[found.end() :]
    name = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")
    width = int(found[1] or 1)
    files: dict[int, Path] = {}
    for file in pattern.parent.iterdir():
        if (match := name.fullmatch(file.name)) and match[1] == f"{int(match[1]):0{width}d}":
            files[int(match[1])] = file
    return files


def _natural(file: Path) -> tuple[tuple[int, int | str], ...]:
    """2 sorts before 10."""
    parts = _DIGITS.split(file.name.casefold())
    return (*((1, int(part)) if part.isdecimal() else (0, part) for part in parts if part), (0, file.name))


def _describe_gaps(files: tuple[Path, ...]) -> str:
    """A sentence when numbers are missing; empty when none are, or the names are not numbered."""
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
    """The first picture of an image, told by its content: its name is never taken for a pattern."""
    with file.open("rb", buffering=0) as stream:
        stream.name = f"image{file.suffix}"  # FFmpeg takes ?, * and { for signs of a pattern, in folders too
        return _first_picture(stream)


def _first_picture(stream: FileIO) -> VideoFrame:
    with av.open(stream, "r") as container:
        if not container.streams.video:
            raise ValueError("it is not an image")
        for picture in container.decode(container.streams.video[0]):
            return picture
    raise ValueError("it holds no picture")
