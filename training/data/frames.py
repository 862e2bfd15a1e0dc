"""Clips from folders of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.clips import draw_place
from training.data.synthetic.pictures import picture_size, read_picture
from vsrealbasicvsr.errors import ClipError


@dataclass(frozen=True, slots=True)
class FrameClip:
    """Pictures of a folder in the order of their names, all of one size.

    Attributes:
        folder: the folder.
        names: file names of the pictures.
        size: height and width in pixels.
    """

    folder: Path
    names: tuple[str, ...]
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """The path of the folder."""
        return str(self.folder)

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`. ClipError is also raised for a picture whose size differs from the first one's."""
        start, top, left = draw_place(rng, len(self.names), self.size, count, side)
        frames = (self._read(name) for name in self.names[start : start + count])
        return np.stack([frame[top : top + side, left : left + side] for frame in frames])

    def _read(self, name: str) -> NDArray[np.uint8]:
        frame = read_picture(self.folder / name)
        _require_size(self.folder / name, frame.shape[:2], self.size)
        return frame


def frame_clip(folder: Path, pictures: tuple[Path, ...]) -> FrameClip:
    """Make the clip of a folder's pictures. Only the sizes of the first, middle and last are checked.

    Raises:
        ClipError: one of these pictures is damaged, or their sizes differ.
    """
    size = picture_size(pictures[0])
    for path in (pictures[len(pictures) // 2], pictures[-1]):
        _require_size(path, picture_size(path), size)
    return FrameClip(folder, tuple(path.name for path in pictures), size)


def _require_size(path: Path, size: tuple[int, ...], expected: tuple[int, int]) -> None:
    if size != expected:
        raise ClipError(
            f"{path} is {size[1]}x{size[0]}, the first picture of its folder {expected[1]}x{expected[0]}; "
            "a clip has one size."
        )
