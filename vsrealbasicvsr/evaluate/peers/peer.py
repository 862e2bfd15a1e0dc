"""What a peer is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Upscaler(Protocol):
    """A clip in, a clip of four times the size out."""

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip.

        Args:
            frames: (T, 3, H, W), float32, RGB, 0-1, on the CPU; one shot.

        Yields:
            (3, 4H, 4W), float, about 0-1, on any device; as many and in the order of `frames`.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A peer and how to come by it.

    Attributes:
        name: what users call it.
        description: one sentence.
        load: makes it ready on a device (`cpu`, `cuda:0`); raises UnavailableError or WeightsError where
            it cannot be had. It can be pickled, for peers run in processes of their own.
    """

    name: str
    description: str
    load: Callable[[str], Upscaler]
