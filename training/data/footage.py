"""Search for folders of pictures and for video files, at any depth; each has a unique name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.synthetic.pictures import list_pictures
from training.errors import TrainingError
from training.options import require

VIDEO_SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".ts", ".m2ts", ".mts"),
        *(".vob", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".mxf", ".dv", ".y4m"),
    )
)


@dataclass(frozen=True, slots=True)
class Footage:
    """A folder with its pictures, or a video file.

    Attributes:
        path: path of the folder or file.
        name: path relative to the source, with `_` between the parts and without a video's suffix.
        pictures: the pictures in the order of their names; empty for a video.
    """

    path: Path
    name: str
    pictures: tuple[Path, ...] = ()


def find_footage(sources: Sequence[Path]) -> tuple[Footage, ...]:
    """Find all folders of pictures and all videos. Hidden ones are ignored; links are followed once.

    Args:
        sources: folders, or video files.

    Raises:
        TrainingError: a source does not exist, holds nothing or cannot be read, or two results have the same
            name.
    """
    by_name: dict[str, Footage] = {}
    for source in sources:
        require(source.exists(), f"There is no folder or video {source}; check the name.")
        count = len(by_name)
        for footage in _inside(source):
            other = by_name.setdefault(footage.name, footage)
            if other is not footage:
                raise TrainingError(
                    f"{other.path} and {footage.path} would both be called {footage.name}; take them one "
                    "at a time, with a target for each."
                )
        require(len(by_name) > count, f"{source} holds neither pictures nor videos.")
    return tuple(by_name.values())


def _inside(source: Path) -> Iterator[Footage]:
    if source.is_file():
        if source.suffix.lower() in VIDEO_SUFFIXES:
            yield Footage(source, source.stem)
        return
    for folder in _folders(source):
        parts = folder.relative_to(source).parts
        if pictures := tuple(list_pictures(folder)):
            yield Footage(folder, "_".join(parts) or source.resolve().name, pictures)
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.name.startswith("."):
                yield Footage(path, "_".join((*parts, path.stem)))


def _folders(source: Path) -> Iterator[Path]:
    seen = set()
    for name, inner, _ in os.walk(source, onerror=_refuse, followlinks=True):
        folder = Path(name)
        if folder.resolve() in seen:  # a link to a visited folder, perhaps in a circle
            inner.clear()
            continue
        seen.add(folder.resolve())
        inner[:] = sorted(part for part in inner if not part.startswith("."))
        yield folder


def _refuse(error: OSError) -> None:
    raise TrainingError(f"{error.filename} cannot be read: {error.strerror}.") from error
