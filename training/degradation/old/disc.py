"""MPEG-2 as on DVDs and in television, progressive or interlaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.degradation.compression import fixed_quantizer
from training.degradation.encoder import Encoder, through
from training.degradation.old.parameters import Disc

_Picture = NDArray[np.uint8]


def through_disc(frames: Sequence[_Picture], disc: Disc) -> list[_Picture]:
    """Encode a clip as MPEG-2 and decode it. Interlaced fields are woven before and deinterlaced afterwards.

    Frames whose size differs from the first frame's are scaled to it.

    Args:
        frames: (H, W, 3) RGB each; at least one.
        disc: quantizer, structure of the frames, and treatment of the fields.

    Returns:
        The same number of frames, all of the first one's size.
    """
    options = fixed_quantizer(disc.quantizer) | {"g": str(disc.gop), "bf": str(disc.b_frames)}
    if disc.fields == "none":
        return through(frames, Encoder("mpeg2video", options))
    encoder = Encoder("mpeg2video", options | {"flags": "+ildct+ilme"})
    first = int(disc.lower_first)
    decoded = through(woven(frames, first), encoder)
    if disc.fields == "blend":
        return [blended(frame) for frame in decoded]
    return [interpolated(frame, first, disc.residue[number]) for number, frame in enumerate(decoded)]


def woven(frames: Sequence[_Picture], first: int) -> list[_Picture]:
    """Interlace every frame with lines of the next frame. The last frame does not change.

    Args:
        frames: (H, W, 3) each. A frame whose size differs from the next frame's does not change.
        first: number of the first of the frame's own lines, 0 or 1.
    """
    result = [frame.copy() for frame in frames]
    for frame, following in zip(result, frames[1:], strict=False):
        if frame.shape == following.shape:
            frame[1 - first :: 2] = following[1 - first :: 2]
    return result


def blended(frame: _Picture) -> _Picture:
    """Blend both fields: each line is half of itself and a quarter of each neighbouring line."""
    padded = np.pad(frame, ((1, 1), (0, 0), (0, 0)), mode="edge").astype(np.uint16)
    return ((padded[:-2] + 2 * padded[1:-1] + padded[2:] + 2) >> 2).astype(np.uint8)


def interpolated(frame: _Picture, first: int, residue: float) -> _Picture:
    """Keep the lines of one field and put their means between them, mixed with a residue of the other field.

    Args:
        frame: (H, W, 3), woven.
        first: number of the first line of the field to keep, 0 or 1.
        residue: share of the other field's lines: 0 uses nothing of them, 1 uses only them.
    """
    padded = np.pad(frame, ((1, 1), (0, 0), (0, 0)), mode="reflect").astype(np.float32)
    means = (padded[:-2] + padded[2:]) / 2
    result = frame.copy()
    other = slice(1 - first, None, 2)
    mixed = means[other] + np.float32(residue) * (frame[other] - means[other])
    result[other] = np.rint(mixed).astype(np.uint8)
    return result
