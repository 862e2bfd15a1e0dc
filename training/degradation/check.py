"""Checks of the ranges and probabilities of a degradation."""

from __future__ import annotations

from training.degradation import limits
from training.degradation.old.check import check_old
from training.degradation.options import (
    BlurOptions,
    CompressionOptions,
    DegradationOptions,
    FinalOptions,
    JpegOptions,
    NoiseOptions,
    ResizeOptions,
)
from training.options import require

_LOWEST_BIT_RATE = 1000  # x264 counts in kilobits, and does not accept 0
_CRFS = (0, 51)  # of x264 with 8 bits
_CUTOFFS = (0.001, 3.1416)  # radians; a cutoff above pi passes everything


def check(options: DegradationOptions) -> None:
    """Check that the operations can use all options.

    Raises:
        TrainingError: the message has the option's name and its permitted values.
    """
    for place, order in (("first", options.first), ("second", options.second)):
        _check_blur(f"{place}.blur", order.blur)
        _check_resize(f"{place}.resize", order.resize)
        _check_noise(f"{place}.noise", order.noise)
        _check_jpeg(f"{place}.jpeg", order.jpeg)
        _check_compression(f"{place}.compression", order.compression)
    _check_final("final", options.final)
    check_old("old", options.old)
    limits.probability("clean", options.clean)
    _check_compression("clean_compression", options.clean_compression)


def _check_blur(place: str, options: BlurOptions) -> None:
    limits.probability(f"{place}.probability", options.probability)
    limits.sizes(f"{place}.sizes", options.sizes)
    limits.weights(f"{place}.kinds", options.kinds.values())
    # Beyond these limits, the covariance in float32 cannot be inverted, or a power of the distance overflows.
    limits.within(f"{place}.sigma_x", options.sigma_x, 0.1, 100)
    limits.within(f"{place}.sigma_y", options.sigma_y, 0.1, 100)
    limits.within(f"{place}.beta_gaussian", options.beta_gaussian, 0.01, 50)
    limits.within(f"{place}.beta_plateau", options.beta_plateau, 0.01, 50)
    low, high = options.cutoff or _CUTOFFS
    require(
        _CUTOFFS[0] <= low <= high <= _CUTOFFS[1],
        f"degradation.{place}.cutoff must go from {_CUTOFFS[0]} or more to {_CUTOFFS[1]} or less, not from "
        f"{low} to {high}.",
    )
    require(options.cutoff_step >= 0, f"degradation.{place}.cutoff_step must be 0 or more.")


def _check_resize(place: str, options: ResizeOptions) -> None:
    limits.probability(f"{place}.probability", options.probability)
    limits.weights(f"{place}.up, down and keep", (options.up, options.down, options.keep))
    limits.positive(f"{place}.scale", options.scale)
    require(
        options.scale.low <= 1 <= options.scale.high,
        f"degradation.{place}.scale must reach from 1 or below to 1 or above.",
    )
    limits.some(f"{place}.filters", options.filters)


def _check_noise(place: str, options: NoiseOptions) -> None:
    for name in ("probability", "gaussian", "grey"):
        limits.probability(f"{place}.{name}", getattr(options, name))
    for name in ("sigma", "poisson"):
        low = getattr(options, name).low
        require(low >= 0, f"degradation.{place}.{name} must be 0 or more, not {low}.")


def _check_jpeg(place: str, options: JpegOptions) -> None:
    limits.probability(f"{place}.probability", options.probability)
    limits.within(f"{place}.quality", options.quality, 1, 100)


def _check_compression(place: str, options: CompressionOptions) -> None:
    limits.probability(f"{place}.probability", options.probability)
    limits.some(f"{place}.codecs", options.codecs)
    low, high = options.bit_rate
    require(
        _LOWEST_BIT_RATE <= low <= high < 2**31,
        f"degradation.{place}.bit_rate must go from {_LOWEST_BIT_RATE} or more to a higher one, in bits per"
        f" frame, not from {low} to {high}.",
    )
    limits.ordered(f"{place}.crf", options.crf or _CRFS, *_CRFS)


def _check_final(place: str, options: FinalOptions) -> None:
    limits.some(f"{place}.filters", options.filters)
    limits.probability(f"{place}.sinc_probability", options.sinc_probability)
    limits.sizes(f"{place}.sinc_sizes", options.sinc_sizes)
    limits.within(f"{place}.sinc_cutoff", options.sinc_cutoff, *_CUTOFFS)
    limits.probability(f"{place}.resize_first", options.resize_first)
