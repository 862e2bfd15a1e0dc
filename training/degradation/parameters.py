"""Parameters of one clip's degradation: frozen, printable and complete.

Values that change from frame to frame are tuples with one value per frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.degradation.old.parameters import Disc, OldOperation
from training.options import require

KernelKind = Literal[
    "iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso", "sinc"
]
Filter = Literal["area", "bilinear", "bicubic", "antialiased"]
"""OpenCV's three filters, and "antialiased": a bicubic filter that is widened by the reduction, as in good
programs. OpenCV's bilinear and bicubic alias: they look at 2 and 4 pixels, at any reduction."""
NoiseKind = Literal["gaussian", "poisson"]
Codec = Literal["libx264", "h264", "mpeg4", "mpeg2video", "h263", "h263p", "flv1", "msmpeg4v3", "mjpeg"]


@dataclass(frozen=True, slots=True)
class Blur:
    """Correlation with one kernel per frame (specification, section 8).

    Attributes:
        kind: family of the kernels, for the whole clip.
        size: side of the kernels in pixels, odd, for the whole clip.
        sigma_x: standard deviation along the first axis, in pixels.
        sigma_y: standard deviation along the second axis, in pixels; isotropic kinds ignore it.
        angle: angle of the first axis, in radians; isotropic kinds ignore it.
        beta: exponent of the generalized and plateau kinds; other kinds ignore it.
        cutoff: cutoff of the sinc filter, in radians; other kinds ignore it.
    """

    kind: KernelKind
    size: int
    sigma_x: tuple[float, ...]
    sigma_y: tuple[float, ...]
    angle: tuple[float, ...]
    beta: tuple[float, ...]
    cutoff: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Resize:
    """Resize to `scale` times the size of the clip's first frame; sides are rounded down to even numbers."""

    filter: Filter
    scale: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ResizeTo:
    """Resize to an exact size in pixels."""

    filter: Filter
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Noise:
    """Additive noise (specification, section 7.5).

    Attributes:
        kind: gaussian or poisson, for the whole clip.
        grey: whether the noise is the same in all three channels.
        strength: gaussian: standard deviation on the 0-255 scale. poisson: factor of the noise.
        seed: seed of the random field, 0 to 2**63 - 1. Seed, frame number and pixel determine every value.
    """

    kind: NoiseKind
    grey: bool
    strength: tuple[float, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Jpeg:
    """JPEG compression, 4:2:0.

    Attributes:
        quality: 1-100.
        swapped: whether red and blue are swapped in the encoder, as in the released code.
    """

    quality: tuple[int, ...]
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Compression:
    """Video compression of the whole clip, by bit rate or at constant quality.

    Attributes:
        codec: name of FFmpeg's encoder.
        bit_rate: bits per second at one frame per second, which is bits per frame; None with a `crf`.
        wraps: whether values beyond 0-255 wrap around before encoding, as in the released code; otherwise
            they saturate.
        crf: constant quality, 0 (best) to 51; None with a `bit_rate`.

    Raises:
        TrainingError: `bit_rate` and `crf` are both set, or both None.
    """

    codec: Codec
    bit_rate: int | None
    wraps: bool = False
    crf: int | None = None

    def __post_init__(self) -> None:
        require(
            (self.bit_rate is None) != (self.crf is None),
            f"A compression needs either a bit_rate or a crf, not {self.bit_rate} and {self.crf}.",
        )


Operation = Blur | Resize | ResizeTo | Noise | Jpeg | Compression | OldOperation | Disc


@dataclass(frozen=True, slots=True)
class Parameters:
    """The operations on one clip.

    Attributes:
        frames: number of frames of the clip that they were drawn for.
        operations: the operations in the order in which they are applied.
    """

    frames: int
    operations: tuple[Operation, ...]
