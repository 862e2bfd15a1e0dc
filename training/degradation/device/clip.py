"""Application of a clip's operations on a device. Frames of one size are processed together."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.device.blur import blur_frames
from training.degradation.device.jpeg import compress_frames
from training.degradation.device.resize import resize_frames
from training.degradation.noise import add_noise
from training.degradation.old.damage import damage
from training.degradation.old.parameters import Disc, OldOperation
from training.degradation.parameters import Blur, Compression, Jpeg, Noise, Operation, Resize, ResizeTo

Encoded = Compression | Disc

_Size = tuple[int, int]
_OnDevice = Blur | Resize | ResizeTo | Noise | Jpeg | OldOperation


class Clip:
    """Frames that may differ in size, and the operations that are not yet applied.

    Args:
        frames: (T, 3, H, W) float32 RGB, 0-1, on any device; not changed.
        operations: the operations in order.
    """

    def __init__(self, frames: Tensor, operations: Sequence[Operation]) -> None:
        self._frames = list(frames)
        self._operations = deque(operations)

    def advance(self) -> Encoded | None:
        """Apply the operations up to the next video compression. Return that, or None at the end."""
        while self._operations:
            operation = self._operations.popleft()
            if isinstance(operation, Compression | Disc):
                return operation
            self._frames = _applied(self._frames, operation)
        return None

    def pixels(self, wraps: bool) -> list[NDArray[np.uint8]]:
        """Return the frames for an encoder: each (h, w, 3) uint8.

        Args:
            wraps: truncate, and let values beyond 0-255 wrap around (specification 7.5); otherwise round and
                saturate.
        """
        convert = _wrapped if wraps else _saturated
        return [convert(frame).movedim(0, -1).contiguous().cpu().numpy() for frame in self._frames]

    def replace(self, pixels: Sequence[NDArray[np.uint8]]) -> None:
        """Replace the frames by the T frames from a decoder: each (h, w, 3) uint8."""
        frames = torch.from_numpy(np.stack(pixels)).to(self._frames[0].device)
        self._frames = list(frames.movedim(-1, 1).float().div_(255))

    def finished(self) -> Tensor:
        """Return the frames as (T, 3, h, w) uint8, rounded and saturated. They must have one size."""
        return _saturated(torch.stack(self._frames))


def _applied(frames: Sequence[Tensor], operation: _OnDevice) -> list[Tensor]:
    sizes = _new_sizes(frames, operation)
    batches: dict[tuple[_Size, _Size], list[int]] = {}
    for number, (frame, size) in enumerate(zip(frames, sizes, strict=True)):
        batches.setdefault((_size(frame), size), []).append(number)
    changed: dict[int, Tensor] = {}
    for (_, size), numbers in batches.items():
        batch = torch.stack([frames[number] for number in numbers])
        changed |= zip(numbers, _applied_to_batch(batch, operation, numbers, size), strict=True)
    return [changed[number] for number in range(len(frames))]


def _applied_to_batch(batch: Tensor, operation: _OnDevice, numbers: Sequence[int], size: _Size) -> Tensor:
    match operation:
        case Blur():
            return blur_frames(batch, operation, numbers)
        case Noise():
            return add_noise(batch, operation, numbers)
        case Jpeg():
            return compress_frames(batch, operation, numbers)
        case Resize() | ResizeTo():
            return resize_frames(batch, operation.filter, *size)
        case _:
            return damage(batch, operation, numbers)


def _new_sizes(frames: Sequence[Tensor], operation: _OnDevice) -> list[_Size]:
    match operation:
        case ResizeTo():
            return [(operation.height, operation.width)] * len(frames)
        case Resize():
            height, width = _size(frames[0])
            return [(_even(height * scale), _even(width * scale)) for scale in operation.scale]
        case _:
            return [_size(frame) for frame in frames]


def _size(frame: Tensor) -> _Size:
    return frame.shape[-2], frame.shape[-1]


def _even(length: float) -> int:
    return max(2 * int(length / 2), 2)


def _saturated(frames: Tensor) -> Tensor:
    return (frames * 255).round_().clamp_(0, 255).byte()


def _wrapped(frame: Tensor) -> Tensor:
    return ((frame * 255).int() & 255).byte()
