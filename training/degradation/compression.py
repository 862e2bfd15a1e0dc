"""Video compression in memory through PyAV (specification, section 7.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.degradation.encoder import Encoder, Sizes, encode, through
from training.degradation.parameters import Codec, Compression

_FRAME_RATE = 25  # for constant quality, and for encoders that cannot encode one frame per second
_FINEST, _COARSEST = 1, 31  # quantizers of MPEG-4 and related codecs
_HIGHEST_BIT_RATE = 2**31 - 1
_SIZES: dict[Codec, Sizes] = {"h263": "h263", "h263p": "fours"}


def compress(frames: Sequence[NDArray[np.uint8]], compression: Compression) -> list[NDArray[np.uint8]]:
    """Encode a clip and decode it again; the same frames give the same result.

    Frames whose size differs from the first frame's are scaled to it. Frames of a size that the encoder does
    not accept are padded by repeating their edge, and cropped afterwards. YUV is BT.601, limited range (full
    range for mjpeg), as swscale makes it from RGB.

    Args:
        frames: (H, W, 3) RGB each; at least one.
        compression: encoder, and bit rate or constant quality.

    Returns:
        The same number of frames, all of the first one's size.

    Raises:
        TrainingError: frames above 1408x1152 for h263.
    """
    return through(frames, _encoder(compression))


def encoded(frames: Sequence[NDArray[np.uint8]], compression: Compression) -> bytes:
    """Encode a clip as a Matroska or NUT file. All frames have one size, which the encoder accepts.

    With a bit rate, there is one frame per second, as in the released code. With a crf, there are 25 frames
    per second, because x264 weights frames by their duration: at one frame per second, the sample clip at crf
    24 (128x128 pixels of it) was 2.9 dB better. The encoders of the old codecs cannot encode one frame per
    second. They get 25 frames per second and 25 times the bit rate, so that a frame has the same bits.

    mpeg4 and the old codecs have no crf. They get the quantizer 2 ** ((crf - 15) / 6), rounded, 1 to 31: it
    doubles every 6, as in H.264. On grainy clips of 64 to 160 pixels, mpeg4's PSNR was within 1.3 dB of
    x264's for every third crf from 21 to 45. Beyond both ends mpeg4 is better, by up to 1.7 dB at 18 and 2.7
    dB at 51.
    """
    return encode(frames, _encoder(compression))


def _encoder(compression: Compression) -> Encoder:
    codec, bit_rate, crf = compression.codec, compression.bit_rate, compression.crf
    if codec in ("libx264", "h264"):
        # x264's macroblock tree is off, so that results are reproducible. With it, the results of 8 of 18
        # clips of 4 frames (16 to 64 pixels) differed within 30 runs of one process; without it, none did.
        # At the same crf, x264 with it is up to 1.8 dB worse (64 to 160 pixels, grainy).
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
    """Return the options of FFmpeg's own encoders for one constant quantizer, 1 to 31."""
    return dict.fromkeys(("qmin", "qmax"), str(quantizer))


def _quantizer(crf: int) -> int:
    return min(max(round(2 ** ((crf - 15) / 6)), _FINEST), _COARSEST)
