"""Samples: pieces of clips, flipped, sharpened and degraded, as a function of seed and position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training.data.clips import Clip
from training.data.options import DataOptions
from training.data.order import EpochOrder
from training.degradation.apply import apply
from training.degradation.options import DegradationOptions
from training.degradation.parameters import Parameters
from training.degradation.sample import Degradation
from training.degradation.sharpen import sharpen
from training.errors import TrainingError
from vsrealbasicvsr.errors import ClipError, VideoError
from vsrealbasicvsr.network.basicvsr import SCALE

_ATTEMPTS = 10  # clips that may fail in a row: a few damaged files are normal, but a lost disk is an error


class Sample(NamedTuple):
    """The training data of one clip. D is the number of distinct frames, S the side of the ground truth.

    Attributes:
        truth: (D, 3, S, S) uint8, RGB.
        sharpened: (D, 3, S, S) float32, 0-1; None if the training device makes it.
        low: (T, 3, S/4, S/4) uint8, all frames including mirrored ones; None if the training device makes it.
        parameters: parameters of the degradation, for all T frames.
        name: name of the clip.
        damaged: messages of the clips that failed before this one was taken.
    """

    truth: Tensor
    sharpened: Tensor | None
    low: Tensor | None
    parameters: Parameters
    name: str
    damaged: tuple[str, ...]


class Batch(NamedTuple):
    """N samples stacked along a new first dimension; see `Sample`."""

    truth: Tensor
    sharpened: Tensor | None
    low: Tensor | None
    parameters: tuple[Parameters, ...]
    damaged: tuple[str, ...]


class TrainingClips(Dataset[Sample]):
    """The endless sequence of samples that a seed makes from some clips (specification, section 7.2).

    A sample depends only on the clips, the options, the seed and its position. It does not depend on earlier
    samples, or on the worker or process that makes it.

    Args:
        clips: at least one clip, in an order that is the same in every process.
        data: sizes, mirroring, flips, and where clips are degraded.
        degradation: ranges of the degradation's parameters.
        seed: random seed, 0 or more.

    Raises:
        TrainingError: there are no clips.
    """

    def __init__(
        self, clips: Sequence[Clip], data: DataOptions, degradation: DegradationOptions, seed: int
    ) -> None:
        if not clips:
            raise TrainingError("There are no clips to take samples from.")
        self._clips = tuple(clips)
        self._data = data
        self._sharpen = degradation.sharpen
        self._degradation = Degradation(degradation, data.low_size, data.low_size)
        self._seed = seed
        self._order = EpochOrder(len(self._clips), seed)

    def __getitem__(self, position: int) -> Sample:
        """Make the sample at a position of the whole training: 0, 1, 2, ... without end.

        Raises:
            TrainingError: ten clips in a row could not be read.
        """
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self._seed, position])))
        clip, frames, damaged = self._take(rng, position)
        if self._data.flips:
            frames = _flipped(frames, rng)
        if self._data.transpose:
            frames = _transposed(frames, rng)
        parameters = self._degradation.sample(rng, self._data.frames)
        truth = _channels_first(frames)
        if self._data.degrade == "device":
            return Sample(truth, None, None, parameters, clip.name, damaged)
        sharpened = self._sharpened(frames)
        clean = np.concatenate((sharpened, sharpened[::-1])) if self._data.mirror else sharpened
        low = _channels_first(apply(clean, parameters))
        return Sample(truth, _channels_first(sharpened), low, parameters, clip.name, damaged)

    def _take(
        self, rng: np.random.Generator, position: int
    ) -> tuple[Clip, NDArray[np.uint8], tuple[str, ...]]:
        """Return the position's clip and frames from it. A damaged clip is replaced by a random one."""
        clip = self._clips[self._order[position]]
        damaged: list[str] = []
        while True:
            try:
                frames = clip.take(rng, self._data.loaded_frames, self._data.low_size * SCALE)
            except (ClipError, VideoError) as error:
                damaged.append(str(error))
            else:
                return clip, frames, tuple(damaged)
            if len(damaged) == _ATTEMPTS:
                raise TrainingError(
                    f"{_ATTEMPTS} clips in a row could not be read; check the data and its disk. "
                    f"The last one: {damaged[-1]}"
                )
            clip = self._clips[int(rng.integers(len(self._clips)))]

    def _sharpened(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        scaled = frames.astype(np.float32) / np.float32(255)
        return np.stack([sharpen(frame) for frame in scaled]) if self._sharpen else scaled


def collate(samples: Sequence[Sample]) -> Batch:
    """Stack samples of one `TrainingClips` into a batch."""
    return Batch(
        truth=torch.stack([sample.truth for sample in samples]),
        sharpened=_stacked([sample.sharpened for sample in samples]),
        low=_stacked([sample.low for sample in samples]),
        parameters=tuple(sample.parameters for sample in samples),
        damaged=tuple(message for sample in samples for message in sample.damaged),
    )


def mirrored(frames: Tensor, dim: int = 0) -> Tensor:
    """Append the frames in reverse order: 1, 2, ..., n, n, ..., 2, 1 along a dimension.

    Specification 7.2.
    """
    return torch.cat((frames, frames.flip(dim)), dim)


def _stacked(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    return torch.stack(present) if present else None


def _flipped(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Flip all frames horizontally and vertically, each with probability 1/2."""
    if rng.random() < 0.5:
        frames = frames[:, :, ::-1]
    if rng.random() < 0.5:
        frames = frames[:, ::-1]
    return frames


def _transposed(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    return frames.swapaxes(1, 2) if rng.random() < 0.5 else frames


def _channels_first(frames: NDArray[np.uint8] | NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))
