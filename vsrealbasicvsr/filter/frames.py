"""Between VapourSynth's frames and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray


def picture_of(frame: vs.VideoFrame) -> NDArray[Any]:
    """(3, H, W) of an RGB float frame, copied, in the frame's own precision."""
    return np.stack([np.asarray(frame[plane]) for plane in range(3)])


def frame_of(picture: NDArray[Any], format: vs.VideoFormat, props: Mapping[str, Any]) -> vs.VideoFrame:
    """A new RGB float frame of (3, H, W) with these properties."""
    frame = vs.core.create_video_frame(format, picture.shape[2], picture.shape[1])
    for plane in range(3):
        np.copyto(np.asarray(frame[plane]), picture[plane])
    for name, value in props.items():
        frame.props[name] = value
    return frame
