"""Plain enlargement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from vsrealbasicvsr.video.colour.resample import resample


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Enlarges by a filter; knows no parameters."""

    kernel: Literal["bicubic", "lanczos"]

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """See `Upscaler`."""
        height, width = frames.shape[-2:]
        for frame in frames:
            yield resample(frame, (4 * height, 4 * width), kernel=self.kernel)
