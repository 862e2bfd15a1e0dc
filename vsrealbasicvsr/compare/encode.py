"""Encoding of pictures as WebP, within a limit of bytes, and as base64 text."""

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
"""WebP qualities, tried in this order until the pictures fit; each step saves about a quarter of the size."""
_LARGEST_LOSSLESS = 1 << 20  # pixels; a larger lossless picture of a film takes some megabytes
_LARGEST_SIDE = 16383  # pixels; a limit of WebP
_WEBP = Colour(matrix=6, full_range=False, primaries=1, transfer=13, chroma_location=2)
"""The YUV of WebP: BT.601, limited range (16 to 235), chroma samples in the centre."""


def webp(rgb: Tensor, quality: int | None) -> bytes:
    """Encode a picture as WebP.

    Args:
        rgb: (3, H, W), uint8.
        quality: 0-100, with chroma at half size, as lossy WebP requires; None is lossless.

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
    """Return an image in base64, the form of pictures in the page."""
    return base64.b64encode(image).decode("ascii")


class Budget:
    """A limit of bytes, shared among pictures in proportion to their pixels.

    Bytes that one picture does not use are available to the next ones. Pictures that are encoded together get
    the same quality, so that none looks better only because it has more bytes. Small pictures are lossless if
    all then fit; the others get the best quality at which all fit.

    Args:
        limit: Maximum characters of all pictures together, in base64.
        pixels: Number of pixels of all pictures that will be encoded.
    """

    def __init__(self, limit: int, pixels: int) -> None:
        self._left = limit
        self._pixels = pixels
        self._step = 0

    def encode(self, pictures: Sequence[Tensor]) -> list[tuple[str, int | None]]:
        """Encode pictures that are shown together.

        Args:
            pictures: (3, H, W), uint8, each.

        Returns:
            WebP in base64 and the quality of each; None is lossless.

        Raises:
            SettingsError: they do not fit even at the lowest quality.
        """
        pixels = sum(_pixels(picture) for picture in pictures)
        share = self._left * pixels // self._pixels
        for qualities, step in self._ladder(pictures):
            texts = [as_text(webp(rgb, quality)) for rgb, quality in zip(pictures, qualities, strict=True)]
            size = sum(map(len, texts))
            if size <= share:
                self._left -= size
                self._pixels -= pixels
                self._step = max(0, step - 1)
                return list(zip(texts, qualities, strict=True))
        raise SettingsError("the pictures do not fit the size limit: take fewer frames, or raise the limit.")

    def _ladder(self, pictures: Sequence[Tensor]) -> list[tuple[list[int | None], int]]:
        """Return the qualities of the pictures to try, each with its step; start one step above the last."""
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
