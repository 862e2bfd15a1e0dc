"""Degradation of a clip on the CPU with given parameters. Nothing in this file is random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.degradation.compression import compress
from training.degradation.kernels import kernel
from training.degradation.noise import add_noise
from training.degradation.old.damage import damage
from training.degradation.old.disc import through_disc
from training.degradation.old.parameters import Disc
from training.degradation.parameters import (
    Blur,
    Compression,
    Jpeg,
    Noise,
    Operation,
    Parameters,
    Resize,
    ResizeTo,
)
from training.degradation.resize import even_size, resized
from training.options import require

Frame = NDArray[np.float32]
_WHITE = np.float32(255)


def apply(frames: NDArray[np.float32], parameters: Parameters) -> NDArray[np.uint8]:
    """Degrade a clip (specification, sections 7.3, 7.5).

    Between operations, frames are float32 and not clipped. The result is rounded and clipped to 8 bits, as in
    the released 0.x code (specification, section 7.2).

    Args:
        frames: (T, H, W, 3) RGB, 0-1; not changed.
        parameters: parameters for T frames.

    Returns:
        (T, h, w, 3) RGB.

    Raises:
        TrainingError: the parameters were drawn for another number of frames.
    """
    require(
        len(frames) == parameters.frames,
        f"The parameters were drawn for {parameters.frames} frames, the clip has {len(frames)}.",
    )
    current: list[Frame] = list(frames)
    for operation in parameters.operations:
        current = _applied(current, operation)
    return np.stack([_eight_bit(frame) for frame in current])


def _applied(frames: Sequence[Frame], operation: Operation) -> list[Frame]:
    match operation:
        case Blur():
            return [_blurred(frame, kernel(operation, number)) for number, frame in enumerate(frames)]
        case Resize():
            return _rescaled(frames, operation)
        case ResizeTo():
            size = (operation.height, operation.width)
            return [resized(frame, *size, operation.filter) for frame in frames]
        case Noise():
            return [_by_torch(frame, add_noise, operation, number) for number, frame in enumerate(frames)]
        case Jpeg():
            pairs = zip(frames, operation.quality, strict=True)
            eight = (
                _compressed(_eight_bit(frame), quality, swapped=operation.swapped) for frame, quality in pairs
            )
            return [_scaled(frame) for frame in eight]
        case Compression():
            to_eight = _wrapped if operation.wraps else _eight_bit
            return [_scaled(frame) for frame in compress([to_eight(frame) for frame in frames], operation)]
        case Disc():
            return [
                _scaled(frame) for frame in through_disc([_eight_bit(frame) for frame in frames], operation)
            ]
        case _:
            return [_by_torch(frame, damage, operation, number) for number, frame in enumerate(frames)]


def _rescaled(frames: Sequence[Frame], resize: Resize) -> list[Frame]:
    """Resize every frame to its own scale of the first frame's size (specification, section 7.4)."""
    height, width = frames[0].shape[:2]
    sizes = [even_size(height, width, scale) for scale in resize.scale]
    return [resized(frame, *size, resize.filter) for frame, size in zip(frames, sizes, strict=True)]


def _by_torch[T](
    frame: Frame, change: Callable[[Tensor, T, Sequence[int]], Tensor], operation: T, number: int
) -> Frame:
    channels_first = torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1)))[None]
    changed = change(channels_first, operation, [number])[0]
    return np.ascontiguousarray(changed.permute(1, 2, 0).numpy())


def _eight_bit(frame: Frame) -> NDArray[np.uint8]:
    return np.clip(np.rint(frame * _WHITE), 0, 255).astype(np.uint8)


def _wrapped(frame: Frame) -> NDArray[np.uint8]:
    """Convert as the released code's plain cast does: truncated, and modulo 256 (specification 7.5)."""
    return (frame * _WHITE).astype(np.int64).astype(np.uint8)


def _scaled(frame: NDArray[np.uint8]) -> Frame:
    return frame.astype(np.float32) / _WHITE


def _blurred(frame: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    """Correlate the three channels of an (H, W, 3) frame with one kernel; the border is reflect-101."""
    return cast("NDArray[np.float32]", cv2.filter2D(frame, -1, kernel, borderType=cv2.BORDER_REFLECT_101))


def _compressed(frame: NDArray[np.uint8], quality: int, *, swapped: bool) -> NDArray[np.uint8]:
    """Encode and decode one frame, 4:2:0.

    Args:
        frame: (H, W, 3) RGB.
        quality: 1-100.
        swapped: pass RGB as if it were BGR, as the released code does. The weights of red and blue in the
            luma are exchanged; the decoded colours are in their places again.
    """
    ordered = frame if swapped else frame[..., ::-1]
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(ordered), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded if swapped else decoded[..., ::-1], np.uint8)
