"""Enlargement by a filter, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from vsrealbasicvsr.video.colour.resample import resample


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Enlarges each frame by a filter that has no learned parameters."""

    kernel: Literal["bicubic", "lanczos"]

    @property
    def parameters(self) -> int:
        """Number of learned parameters: 0."""
        return 0

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Enlarge a clip; see `Upscaler`."""
        height, width = frames.shape[-2:]
        for frame in frames:
            yield resample(frame, (4 * height, 4 * width), kernel=self.kernel)
