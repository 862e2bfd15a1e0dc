"""The type of a peer, and of the upscaler that it loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Upscaler(Protocol):
    """A function from a clip to a clip of four times its size."""

    @property
    def parameters(self) -> int:
        """Number of learned parameters."""

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip.

        Args:
            frames: (T, 3, H, W), float32, RGB, 0-1, on the CPU; one shot.

        Yields:
            (3, 4H, 4W), float, about 0-1, on any device; as many as `frames`, and in their order.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A peer and the function that loads it.

    Attributes:
        name: the name for users.
        description: one sentence.
        load: loads the peer on a device (`cpu`, `cuda:0`); raises UnavailableError or WeightsError if the
            peer is not available. It can be pickled, because each peer runs in its own process.
    """

    name: str
    description: str
    load: Callable[[str], Upscaler]
