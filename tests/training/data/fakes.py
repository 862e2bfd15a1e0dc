"""Clips that need no files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsrealbasicvsr.errors import ClipError


@dataclass
class Noise:
    """Low-frequency noise that the sample's generator draws: no two takes are alike."""

    name: str

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        coarse = rng.integers(0, 256, (count, side // 8, side // 8, 3), dtype=np.uint8)
        return coarse.repeat(8, axis=1).repeat(8, axis=2)


@dataclass
class Ramp:
    """Always the same frames, whose orientation can be told from their pixels."""

    name: str = "ramp"

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        y, x = np.mgrid[:side, :side]
        frame = np.stack((y * 3, x * 2, y + x), axis=-1).astype(np.uint8)
        return np.stack([frame + number for number in range(count)]).astype(np.uint8)


@dataclass
class Damaged:
    """Fails after it has drawn a number, as a clip does that draws a start before it reads."""

    name: str

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        rng.integers(100)
        raise ClipError(f"{self.name}/00000007.png is damaged.")
