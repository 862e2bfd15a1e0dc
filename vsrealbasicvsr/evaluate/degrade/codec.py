"""Encoding and decoding of frames with an encoder of FFmpeg, in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""(H, W, 3), RGB."""

_SMALLEST = 16  # pixels; frames with a shorter side are padded


def jpeg(frames: Sequence[Frame], quantiser: int) -> list[Frame]:
    """Encode and decode frames with FFmpeg's mjpeg, 4:2:0, at a fixed quantiser from 2 to 31."""
    bounds = {"qmin": str(quantiser), "qmax": str(quantiser)}
    return _through(frames, "mjpeg", "yuvj420p", bounds)


def x264(frames: Sequence[Frame], crf: int, preset: str) -> list[Frame]:
    """Encode and decode frames with x264, 4:2:0, at constant quality.

    The macroblock tree is off: with it, the same clip did not always give the same bytes. See
    `training.degradation.compression`, which reports how often.
    """
    options = {"crf": str(crf), "preset": preset, "x264-params": "mbtree=0:threads=1"}
    return _through(frames, "libx264", "yuv420p", options)


def _through(
    frames: Sequence[Frame], codec: Literal["mjpeg", "libx264"], pixel_format: str, options: Mapping[str, str]
) -> list[Frame]:
    height, width = frames[0].shape[:2]
    below = max(_SMALLEST, height + height % 2) - height
    right = max(_SMALLEST, width + width % 2) - width
    padded = (np.pad(frame, ((0, below), (0, right), (0, 0)), mode="edge") for frame in frames)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=25, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width + right, height + below, pixel_format
        # Encoders divide the work among the cores of the machine, but the result must not depend on these.
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(padded):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        container.streams.video[0].codec_context.thread_count = 1
        decoded = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    return [
        np.ascontiguousarray(picture[:height, :width]).astype(np.uint8, copy=False) for picture in decoded
    ]
