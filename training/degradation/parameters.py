"""What was drawn for one clip: frozen, printable, and all that applying needs.

Values that change from frame to frame are tuples, one value a frame.
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
"""OpenCV's filters, of which bilinear and bicubic alias (they look at 2 and 4 pixels, whatever is reduced);
or bicubic widened by the reduction, as good programs reduce."""
NoiseKind = Literal["gaussian", "poisson"]
Codec = Literal["libx264", "h264", "mpeg4", "mpeg2video", "h263", "h263p", "flv1", "msmpeg4v3", "mjpeg"]


@dataclass(frozen=True, slots=True)
class Blur:
    """Correlation with one kernel a frame (SPEC 8).

    Attributes:
        kind: the kernel's family, for the whole clip.
        size: its odd side in pixels, for the whole clip.
        sigma_x: standard deviation along the first axis, pixels.
        sigma_y: along the second; isotropic kinds ignore it.
        angle: of the first axis, radians; isotropic kinds ignore it.
        beta: exponent of generalized and plateau kinds; others ignore it.
        cutoff: of the sinc filter, radians; others ignore it.
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
    """To `scale` times the size of the clip's first frame, each side rounded down to an even number."""

    filter: Filter
    scale: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ResizeTo:
    """To an exact size in pixels."""

    filter: Filter
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Noise:
    """Additive noise (SPEC 7.5).

    Attributes:
        kind: gaussian or poisson, for the whole clip.
        grey: the same noise in all three channels.
        strength: gaussian: standard deviation on the 0-255 scale; poisson: factor of the noise.
        seed: of the random field, 0 to 2**63 - 1; with frame number and pixel it decides every value.
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
        swapped: red and blue change places in the encoder, as in the released code.
    """

    quality: tuple[int, ...]
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Compression:
    """Video compression of the whole clip, by bit rate or at constant quality.

    Attributes:
        codec: FFmpeg's encoder.
        bit_rate: bits per second at one frame a second, and so bits per frame; None with a `crf`.
        wraps: values beyond 0-255 wrap around before encoding, as in the released code; else they saturate.
        crf: constant quality, 0 (the best) to 51; None with a `bit_rate`.

    Raises:
        TrainingError: both are given, or neither.
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
    """The operations on one clip, in the order they are applied.

    Attributes:
        frames: length of the clip that they were drawn for.
        operations: in order.
    """

    frames: int
    operations: tuple[Operation, ...]
