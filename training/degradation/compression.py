"""Video compression in memory through PyAV (SPEC 7.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.degradation.encoder import Encoder, Sizes, encode, through
from training.degradation.parameters import Codec, Compression

_FRAME_RATE = 25  # of constant quality, and of encoders that know no frame a second
_FINEST, _COARSEST = 1, 31  # quantizers of MPEG-4 and its kin
_HIGHEST_BIT_RATE = 2**31 - 1
_SIZES: dict[Codec, Sizes] = {"h263": "h263", "h263p": "fours"}


def compress(frames: Sequence[NDArray[np.uint8]], compression: Compression) -> list[NDArray[np.uint8]]:
    """Encode a clip and decode it again; the same frames give the same result.

    Frames of another size than the first are scaled to it. Sizes that encoders refuse are padded with their
    edge and cropped again. YUV is BT.601, limited range (mjpeg: full range), as swscale makes it of RGB.

    Args:
        frames: (H, W, 3) RGB each; at least one.
        compression: encoder, and bit rate or constant quality.

    Returns:
        As many frames, all of the first one's size.

    Raises:
        TrainingError: frames above 1408x1152 for h263.
    """
    return through(frames, _encoder(compression))


def encoded(frames: Sequence[NDArray[np.uint8]], compression: Compression) -> bytes:
    """The clip as a Matroska or NUT file; frames have one size that the encoder takes.

    With a bit rate there is one frame a second, as in the released code. With a crf there are 25, because
    x264 weighs frames by their duration: at one frame a second the sample clip at crf 24, 128x128 pixels of
    it, came out 2.9 dB better. Encoders of the old codecs refuse a frame a second or know no such thing:
    they get 25 frames and the bit rate 25 times, so that a frame has the same bits.

    mpeg4 and the old codecs know no crf. They get the quantizer 2 ** ((crf - 15) / 6), rounded, 1 to 31:
    twice as coarse every 6, as in H.264. On grainy clips of 64 to 160 pixels mpeg4's PSNR was within 1.3 dB
    of x264's for every third crf from 21 to 45; beyond both ends mpeg4 is the better one, by up to 1.7 dB
    at 18 and 2.7 at 51.
    """
    return encode(frames, _encoder(compression))


def _encoder(compression: Compression) -> Encoder:
    codec, bit_rate, crf = compression.codec, compression.bit_rate, compression.crf
    if codec in ("libx264", "h264"):
        # x264's macroblock tree is off. With it, 8 of 18 clips of 4 frames (16 to 64 pixels) came out
        # differently within 30 runs of one process, without it none did. At the same crf x264 with it is up
        # to 1.8 dB worse (64 to 160 pixels, grainy).
        options = {"x264-params": "mbtree=0"} | ({} if crf is None else {"crf": str(crf)})
    else:
        options = {} if crf is None else fixed_quantizer(_quantizer(crf))
    if codec in ("libx264", "h264", "mpeg4"):
        return Encoder(codec, options, bit_rate, 1 if crf is None else _FRAME_RATE, "matroska")
    return Encoder(
        codec,
        options,
        None if bit_rate is None else min(bit_rate * _FRAME_RATE, _HIGHEST_BIT_RATE),
        pixels="yuvj420p" if codec == "mjpeg" else "yuv420p",
        sizes=_SIZES.get(codec, "even"),
    )


def fixed_quantizer(quantizer: int) -> dict[str, str]:
    """Options of FFmpeg's own encoders for the same quantizer everywhere, 1 to 31."""
    return dict.fromkeys(("qmin", "qmax"), str(quantizer))


def _quantizer(crf: int) -> int:
    return min(max(round(2 ** ((crf - 15) / 6)), _FINEST), _COARSEST)
