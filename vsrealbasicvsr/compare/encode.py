"""Pictures as WebP, within a budget of bytes, and as text."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from torch import Tensor

from vsrealbasicvsr.errors import SettingsError, VideoError
from vsrealbasicvsr.video.colour.pixels import frame_from_rgb
from vsrealbasicvsr.video.colour.tags import Colour

QUALITIES = (95, 90, 84, 76, 66, 54, 40, 25)
"""Tried in this order until the pictures fit; each step saves about a quarter."""
_LARGEST_LOSSLESS = 1 << 20  # pixels; beyond, lossless files of films are some megabytes each
_LARGEST_SIDE = 16383  # of WebP
_WEBP = Colour(matrix=6, full_range=False, primaries=1, transfer=13, chroma_location=2)
"""What WebP's YUV means: BT.601, 16 to 235, chroma in the middle."""


def webp(rgb: Tensor, quality: int | None) -> bytes:
    """Encode a picture.

    Args:
        rgb: (3, H, W), uint8.
        quality: 0-100 with chroma at half the size, as WebP has it; None is without any loss.

    Raises:
        VideoError: a side is longer than 16383 pixels.
    """
    height, width = rgb.shape[1:]
    if max(height, width) > _LARGEST_SIDE:
        raise VideoError(f"a picture of {width}x{height} is too large: a side may have {_LARGEST_SIDE}.")
    if quality is None:
        pixels = np.ascontiguousarray(rgb.permute(1, 2, 0).numpy())
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="bgra")
        options = {"lossless": "1", "compression_level": "3"}
    else:
        frame = frame_from_rgb(rgb.float() / 255, "yuv420p", _WEBP)
        options = {"quality": str(quality), "compression_level": "4"}
    encoder = av.CodecContext.create("libwebp", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, frame.format.name
    encoder.time_base, encoder.options = Fraction(1, 25), options
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def as_text(image: bytes) -> str:
    """In base64, as the page holds pictures."""
    return base64.b64encode(image).decode("ascii")


class Budget:
    """Bytes shared among pictures by their pixels; what one leaves, those after it may have.

    The pictures that are encoded together have one quality, so that none looks better by its bytes: small
    ones are without loss where all fit, the others have the best quality at which they fit together.

    Args:
        limit: Characters that all pictures may have together, in base64.
        pixels: Of all pictures to come.
    """

    def __init__(self, limit: int, pixels: int) -> None:
        self._left = limit
        self._pixels = pixels
        self._step = 0

    def encode(self, pictures: Sequence[Tensor]) -> list[tuple[str, int | None]]:
        """Encode pictures that are seen together.

        Args:
            pictures: (3, H, W), uint8, each.

        Returns:
            WebP in base64 and the quality of each; None is lossless.

        Raises:
            SettingsError: they do not fit at the lowest quality.
        """
        pixels = sum(_pixels(picture) for picture in pictures)
        share = self._left * pixels // self._pixels
        for qualities, step in self._ladder(pictures):
            made = [as_text(webp(one, quality)) for one, quality in zip(pictures, qualities, strict=True)]
            size = sum(map(len, made))
            if size <= share:
                self._left -= size
                self._pixels -= pixels
                self._step = max(0, step - 1)
                return list(zip(made, qualities, strict=True))
        raise SettingsError("the pictures do not fit the size limit: take fewer frames, or raise the limit.")

    def _ladder(self, pictures: Sequence[Tensor]) -> list[tuple[list[int | None], int]]:
        """What to try; it begins a step above what was needed last."""
        is_small = [_pixels(picture) <= _LARGEST_LOSSLESS for picture in pictures]
        lossy: list[tuple[list[int | None], int]] = []
        for step, quality in list(enumerate(QUALITIES))[self._step :]:
            lossy.append(([quality for _ in pictures], step))
        if all(is_small):
            return [([None] * len(pictures), self._step), *lossy]
        if not any(is_small):
            return lossy
        mixed = [([None if s else q for s, q in zip(is_small, qs, strict=True)], step) for qs, step in lossy]
        return [*mixed, *lossy]


def _pixels(picture: Tensor) -> int:
    return picture.shape[1] * picture.shape[2]
