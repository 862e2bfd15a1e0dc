"""Old damage that is applied frame by frame, on any device."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.degradation.old.chroma import thin_colour
from training.degradation.old.composite import through_composite
from training.degradation.old.grain import add_grain
from training.degradation.old.halo import add_halo
from training.degradation.old.parameters import Chroma, Composite, Grain, Halo, OldOperation, Tape
from training.degradation.old.tape import through_tape


def damage(frames: Tensor, operation: OldOperation, numbers: Sequence[int]) -> Tensor:
    """Apply an operation to frames of one size.

    Args:
        frames: (B, 3, H, W) float32 RGB, 0-1, on any device; not changed.
        operation: the operation, with values for each frame of the clip.
        numbers: numbers of the B frames in their clip.

    Returns:
        (B, 3, H, W) float32 on the same device, not clipped.
    """
    match operation:
        case Grain():
            return add_grain(frames, operation, numbers)
        case Halo():
            return add_halo(frames, operation, numbers)
        case Composite():
            return through_composite(frames, operation, numbers)
        case Tape():
            return through_tape(frames, operation, numbers)
        case Chroma():
            return thin_colour(frames, operation, numbers)
