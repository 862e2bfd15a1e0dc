"""A folder of pictures as a clip."""

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
    """Pictures in the order of their names, all of one size.

    Attributes:
        folder: where they are.
        names: of the files.
        size: height and width.
    """

    folder: Path
    names: tuple[str, ...]
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`; ClipError also where a picture is of another size than the first."""
        start, top, left = draw_place(rng, len(self.names), self.size, count, side)
        frames = (self._read(name) for name in self.names[start : start + count])
        return np.stack([frame[top : top + side, left : left + side] for frame in frames])

    def _read(self, name: str) -> NDArray[np.uint8]:
        frame = read_picture(self.folder / name)
        _require_size(self.folder / name, frame.shape[:2], self.size)
        return frame


def frame_clip(folder: Path, pictures: tuple[Path, ...]) -> FrameClip:
    """The clip of a folder's pictures; of their sizes the first, middle and last are looked at.

    Raises:
        ClipError: one of them is damaged, or of another size.
    """
    size = picture_size(pictures[0])
    for path in (pictures[len(pictures) // 2], pictures[-1]):
        _require_size(path, picture_size(path), size)
    return FrameClip(folder, tuple(path.name for path in pictures), size)


def _require_size(path: Path, found: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if found != wanted:
        raise ClipError(
            f"{path} is {found[1]}x{found[0]}, the first picture of its folder {wanted[1]}x{wanted[0]}; "
            "a clip has one size."
        )
