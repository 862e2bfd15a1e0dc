"""Encoding and decoding of clips in memory, with PyAV."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.options import require

_SMALLEST = 16
_H263 = ((96, 128), (144, 176), (288, 352), (576, 704), (1152, 1408))  # all sizes of the standard

Sizes = Literal["even", "fours", "h263"]


@dataclass(frozen=True, slots=True)
class Encoder:
    """One of FFmpeg's encoders and its settings.

    Attributes:
        codec: name of the encoder.
        options: the encoder's own options.
        bit_rate: bits per second; None if the options decide.
        rate: frames per second.
        container: FFmpeg's name of the file format.
        pixels: FFmpeg's name of the pixel format.
        sizes: frame sizes that the encoder accepts: even sides, multiples of four, or H.263's five sizes.
    """

    codec: str
    options: dict[str, str] = field(default_factory=dict)
    bit_rate: int | None = None
    rate: int = 25
    container: str = "nut"
    pixels: str = "yuv420p"
    sizes: Sizes = "even"


def through(frames: Sequence[NDArray[np.uint8]], encoder: Encoder) -> list[NDArray[np.uint8]]:
    """Encode a clip and decode it again; the same frames give the same result.

    Frames whose size differs from the first frame's are scaled to it. Frames of a size that the encoder does
    not accept are padded by repeating their edge, and cropped afterwards. YUV is BT.601, as swscale makes it
    from RGB.

    Args:
        frames: (H, W, 3) RGB each; at least one.
        encoder: encoder and its settings.

    Returns:
        The same number of frames, all of the first one's size.

    Raises:
        TrainingError: the frames are larger than the encoder's largest size.
    """
    height, width = frames[0].shape[:2]
    tall, wide = _size(height, width, encoder.sizes)
    same = (_sized(frame, height, width) for frame in frames)
    borders = ((0, tall - height), (0, wide - width), (0, 0))
    decoded = _decoded(encode([np.pad(frame, borders, mode="edge") for frame in same], encoder))
    return [np.ascontiguousarray(frame[:height, :width]) for frame in decoded]


def encode(frames: Sequence[NDArray[np.uint8]], encoder: Encoder) -> bytes:
    """Encode a clip as a file in memory. All frames have one size, which the encoder accepts."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=encoder.container) as container:
        stream = container.add_stream(encoder.codec, rate=encoder.rate, options=encoder.options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = encoder.pixels
        if encoder.bit_rate is not None:
            stream.bit_rate = encoder.bit_rate
        # Rate control depends on the number of threads, but the result must not depend on the machine.
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _size(height: int, width: int, sizes: Sizes) -> tuple[int, int]:
    if sizes == "h263":
        larger = [size for size in _H263 if size[0] >= height and size[1] >= width]
        require(
            bool(larger),
            f"H.263 has no frames of {width}x{height}, the largest are 1408x1152; take h263p instead.",
        )
        return larger[0]
    grain = 4 if sizes == "fours" else 2
    tall, wide = (max(_SMALLEST, side + -side % grain) for side in (height, width))
    return tall, wide


def _sized(frame: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    if frame.shape[:2] == (height, width):
        return frame
    return cast("NDArray[np.uint8]", cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR))


def _decoded(content: bytes) -> list[NDArray[np.uint8]]:
    with av.open(io.BytesIO(content), "r") as container:
        container.streams.video[0].codec_context.thread_count = 1
        pictures = container.decode(video=0)
        return [cast("NDArray[np.uint8]", picture.to_ndarray(format="rgb24")) for picture in pictures]
