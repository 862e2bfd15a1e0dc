"""Options of degradations: the ranges to draw from. The defaults are the released ones.

Specification 7.3, 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from training.degradation.old.options import OldOptions
from training.degradation.parameters import Codec, Filter, KernelKind
from training.degradation.ranges import RandomWalk as RandomWalk
from training.degradation.ranges import Range as Range

_KINDS: dict[KernelKind, float] = {
    "iso": 0.405, "aniso": 0.225, "generalized_iso": 0.108, "generalized_aniso": 0.027,
    "plateau_iso": 0.108, "plateau_aniso": 0.027, "sinc": 0.1,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class BlurOptions:
    """Blur. `cutoff` is the lowest and highest cutoff of the sinc filter; it walks in steps of `cutoff_step`.

    If `cutoff` is None, it is pi/3 to pi for kernels below 13 pixels and pi/5 to pi for larger ones.
    """

    probability: float = 1.0
    sizes: tuple[int, ...] = (7, 9, 11, 13, 15, 17, 19, 21)
    kinds: dict[KernelKind, float] = field(default_factory=lambda: dict(_KINDS))
    sigma_x: Range = Range(low=0.2, high=3.0, step=0.02)
    sigma_y: Range = Range(low=0.2, high=3.0, step=0.02)
    angle: Range = Range(low=-3.1416, high=3.1416, step=0.31416)
    beta_gaussian: Range = Range(low=0.5, high=4.0, step=0.05)
    beta_plateau: Range = Range(low=1.0, high=2.0, step=0.1)
    cutoff: tuple[float, float] | None = None
    cutoff_step: float = 0.0628


@dataclass(frozen=True, kw_only=True, slots=True)
class ResizeOptions:
    """Resize. `up` starts between 1 and the scale's high, `down` between its low and 1, `keep` at 1."""

    probability: float = 1.0
    up: float = 0.2
    down: float = 0.7
    keep: float = 0.1
    scale: Range = Range(low=0.15, high=1.5, step=0.015)
    filters: tuple[Filter, ...] = ("bilinear", "area", "bicubic")


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseOptions:
    """Noise. `gaussian` and `grey` are probabilities; `sigma` is on the 0-255 scale."""

    probability: float = 1.0
    gaussian: float = 0.5
    grey: float = 0.4
    sigma: Range = Range(low=1.0, high=30.0, step=0.1)
    poisson: Range = Range(low=0.05, high=3.0, step=0.005)


@dataclass(frozen=True, kw_only=True, slots=True)
class JpegOptions:
    """JPEG compression. Qualities are whole numbers."""

    probability: float = 1.0
    quality: Range = Range(low=30.0, high=95.0, step=3.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompressionOptions:
    """Video compression. `h264` is FFmpeg's default H.264 encoder.

    Attributes:
        probability: probability of this compression.
        codecs: codecs to choose from. `mpeg2video`, `h263`, `h263p` (H.263+), `flv1` (Sorenson), `msmpeg4v3`
            and `mjpeg` are the old ones.
        bit_rate: lowest and highest bit rate, in bits per second at one frame per second.
        crf: lowest and highest constant quality, whole numbers from 0 (best) to 51. If it is set, `bit_rate`
            is ignored. `compression.encoded` says what it means for each encoder.
    """

    probability: float = 1.0
    codecs: tuple[Codec, ...] = ("libx264", "h264", "mpeg4")
    bit_rate: tuple[int, int] = (10_000, 100_000)
    crf: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FinalOptions:
    """The resize to the low size and the sinc filter after it, before or after the last compression.

    `resize_first` is the probability that they come before it.
    """

    filters: tuple[Filter, ...] = ("bilinear", "area", "bicubic")
    sinc_probability: float = 0.8
    sinc_sizes: tuple[int, ...] = (7, 9, 11, 13, 15, 17, 19, 21)
    sinc_cutoff: Range = Range(low=3.1416 / 3, high=3.1416, step=0.0628)
    resize_first: float = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderOptions:
    """One round of degradation: blur, resize, noise, JPEG, video compression."""

    blur: BlurOptions = BlurOptions()
    resize: ResizeOptions = ResizeOptions()
    noise: NoiseOptions = NoiseOptions()
    jpeg: JpegOptions = JpegOptions()
    compression: CompressionOptions = CompressionOptions()


SECOND = OrderOptions(
    blur=BlurOptions(
        probability=0.8,
        sigma_x=Range(low=0.2, high=1.5, step=0.02),
        sigma_y=Range(low=0.2, high=1.5, step=0.02),
    ),
    resize=ResizeOptions(up=0.3, down=0.4, keep=0.3, scale=Range(low=0.3, high=1.2, step=0.03)),
    noise=NoiseOptions(
        sigma=Range(low=1.0, high=25.0, step=0.1), poisson=Range(low=0.05, high=2.5, step=0.005)
    ),
)


CLEAN = CompressionOptions(probability=0.7, codecs=("libx264",), crf=(15, 23))


@dataclass(frozen=True, kw_only=True, slots=True)
class DegradationOptions:
    """The degradation of ground truth to low-quality frames.

    Specification, sections 7.3 and 7.4; paper, section 3.3 and Eq. 6.

    Attributes:
        random_walk: true: every parameter walks from frame to frame (Eq. 6). false: it is drawn once per clip
            and stays constant (the conventional scheme). "independent": it is drawn again for every frame.
        first: the first round.
        second: the second round. Its compression comes before or after `final`.
        second_order: false omits the second round, including its compression.
        final: the resize to the low size.
        old: damage of film, tapes, discs and old codecs, in and after the first round. By default all of it
            is off.
        clean: fraction of the samples that are nearly clean: they are only reduced with a filter that does
            not alias, and may get `clean_compression`.
        clean_compression: video compression of nearly clean samples.
        sharpen: sharpen the ground truth by an unsharp mask before it is degraded and compared with (SPEC
            7.6).
        released_quirks: reproduce the quirks of the released code (specification 7.4, 7.5): beta is drawn
            again
            between 1 and its walk for each frame, red and blue are swapped in JPEG, and values wrap around
            before video compression.
    """

    random_walk: RandomWalk = True
    first: OrderOptions = OrderOptions()
    second: OrderOptions = SECOND
    second_order: bool = True
    final: FinalOptions = FinalOptions()
    old: OldOptions = OldOptions()
    clean: float = 0.0
    clean_compression: CompressionOptions = CLEAN
    sharpen: bool = True
    released_quirks: bool = False
