"""MPEG-2 as on DVDs and in television, in frames or in fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.degradation.compression import fixed_quantizer
from training.degradation.encoder import Encoder, through
from training.degradation.old.parameters import Disc

_Picture = NDArray[np.uint8]


def through_disc(frames: Sequence[_Picture], disc: Disc) -> list[_Picture]:
    """Encode a clip as MPEG-2 and decode it; fields are woven before and made frames again after.

    Frames of another size than the first are scaled to it.

    Args:
        frames: (H, W, 3) RGB each; at least one.
        disc: quantizer, structure, and what happens to fields.

    Returns:
        As many frames, all of the first one's size.
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
    """Every frame with the next one's lines between its own; the last has no next and stays.

    Args:
        frames: (H, W, 3) each; those of other sizes than their next stay as they are.
        first: the frame's own lines begin with this one, 0 or 1.
    """
    result = [frame.copy() for frame in frames]
    for frame, following in zip(result, frames[1:], strict=False):
        if frame.shape == following.shape:
            frame[1 - first :: 2] = following[1 - first :: 2]
    return result


def blended(frame: _Picture) -> _Picture:
    """Each line with half of itself and a quarter of both neighbours: both fields in one."""
    padded = np.pad(frame, ((1, 1), (0, 0), (0, 0)), mode="edge").astype(np.uint16)
    return ((padded[:-2] + 2 * padded[1:-1] + padded[2:] + 2) >> 2).astype(np.uint8)


def interpolated(frame: _Picture, first: int, residue: float) -> _Picture:
    """The lines of one field, and means of them between; of the other field's lines a residue stays.

    Args:
        frame: (H, W, 3), woven.
        first: the field to be kept begins with this line, 0 or 1.
        residue: 0 takes nothing of the other field, 1 all.
    """
    padded = np.pad(frame, ((1, 1), (0, 0), (0, 0)), mode="reflect").astype(np.float32)
    means = (padded[:-2] + padded[2:]) / 2
    result = frame.copy()
    other = slice(1 - first, None, 2)
    mixed = means[other] + np.float32(residue) * (frame[other] - means[other])
    result[other] = np.rint(mixed).astype(np.uint8)
    return result
