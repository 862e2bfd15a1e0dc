"""The frames of a sample, as 8-bit RGB."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vsrealbasicvsr.errors import ClipError, VideoError
from vsrealbasicvsr.evaluate.degrade.apply import degrade
from vsrealbasicvsr.evaluate.samples import Sample
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import open_source

SCALE = 4


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip in memory.

    Attributes:
        low: (T, 3, H, W), uint8, RGB.
        truth: (T, 3, 4H, 4W), uint8, RGB; None if there is no ground truth.
    """

    low: Tensor
    truth: Tensor | None


class Store:
    """Footage of samples; each low-quality clip is made once and kept in a folder.

    Args:
        folder: an empty folder for the clips.
        frames: maximum number of frames of each clip; None for all. All of them are held in memory.
        start: number of the first frame, from 0. A recipe sees no frame before it.
    """

    def __init__(self, folder: Path, frames: int | None, start: int) -> None:
        self._folder = folder
        self._frames = frames
        self._start = start
        self._low_paths: dict[Sample, Path] = {}

    def load(self, sample: Sample) -> Footage:
        """Load a sample like `load_footage`; the same sample gives the same footage again."""
        if sample not in self._low_paths:
            footage = load_footage(sample, self._frames, self._start)
            path = self._folder / f"{len(self._low_paths)}.npy"
            np.save(path, footage.low.numpy())
            self._low_paths[sample] = path
            return footage
        low = torch.from_numpy(np.load(self._low_paths[sample]))
        truth = None if sample.truth is None else read(sample.truth, self._frames, self._start)
        return _fitting(low, truth, sample)


def load_footage(sample: Sample, frames: int | None = None, start: int = 0) -> Footage:
    """Read a sample, and degrade its ground truth if it has no low-quality clip.

    Args:
        sample: the sample.
        frames: maximum number of frames; None for all. All of them are held in memory.
        start: number of the first frame, from 0. A recipe sees no frame before it.

    Raises:
        VideoError: a clip cannot be read or has no such frames.
        ClipError: the clip and its ground truth do not fit together.
    """
    truth = None if sample.truth is None else read(sample.truth, frames, start)
    if sample.low is not None:
        return _fitting(read(sample.low, frames, start), truth, sample)
    assert truth is not None
    assert sample.recipe is not None
    height, width = (side // SCALE * SCALE for side in truth.shape[-2:])
    if not (height and width):
        raise ClipError(f"{sample.truth} is too small to be degraded.")
    truth = truth[..., :height, :width]
    pictures = [frame.permute(1, 2, 0).contiguous().numpy() for frame in truth]
    spoilt = [torch.from_numpy(frame).permute(2, 0, 1) for frame in degrade(pictures, sample.recipe)]
    return Footage(torch.stack(spoilt).contiguous(), truth)


def read(path: Path, frames: int | None = None, start: int = 0) -> Tensor:
    """Decode a video or an image sequence to (T, 3, H, W), uint8, RGB.

    Raises:
        VideoError: it cannot be read, or has no frame from `start` on.
    """
    stop = None if frames is None else start + frames
    with open_source(path) as source:
        pictures = [
            to_eight_bit(rgb_from_frame(frame.picture, source.info.colour))
            for frame in islice(source, start, stop)
        ]
    if not pictures:
        raise VideoError(f"{path} has no frame {start}.")
    return torch.stack(pictures)


def to_eight_bit(picture: Tensor) -> Tensor:
    """Convert a picture of range 0 to 1 to the values of an image file: uint8, on the CPU."""
    return (picture.detach().float().clamp(0, 1) * 255).round().to("cpu", torch.uint8)


def _fitting(low: Tensor, truth: Tensor | None, sample: Sample) -> Footage:
    if truth is None:
        return Footage(low, None)
    height, width = (SCALE * side for side in low.shape[-2:])
    spare = truth.shape[-2] - height, truth.shape[-1] - width
    if len(truth) != len(low) or not all(0 <= side < SCALE for side in spare):
        raise ClipError(
            f"{sample.truth} has {len(truth)} frames of {truth.shape[-1]}x{truth.shape[-2]}, but "
            f"{sample.low} asks for {len(low)} of {width}x{height}."
        )
    return Footage(low, truth[..., :height, :width])
