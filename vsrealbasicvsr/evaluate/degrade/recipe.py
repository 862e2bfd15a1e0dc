"""The recipes of degradation. Never change one, so that all tables can be compared; add another instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoiling:
    """The steps from the ground truth to a quarter of its size, in this order.

    Attributes:
        first_blur: sigma of a Gaussian blur, in pixels of the ground truth; then the picture is halved by
            area.
        first_noise: deviation of Gaussian noise at half size, on the 0-255 scale; channels are independent.
        jpeg: quantiser of FFmpeg's mjpeg at half size, from 2 (best) to 31.
        second_blur: sigma of a Gaussian blur at half size; then the picture is halved by the bicubic filter.
        second_noise: deviation of Gaussian noise at quarter size.
        crf: constant rate factor of x264, at quarter size.
        preset: preset of x264.
    """

    first_blur: float
    first_noise: float
    jpeg: int
    second_blur: float
    second_noise: float
    crf: int
    preset: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A degradation with a name.

    Attributes:
        name: the name for users.
        spoiling: the steps; None only reduces the picture by MATLAB's bicubic filter.
    """

    name: str
    spoiling: Spoiling | None


RECIPES = (
    Recipe("bicubic", None),
    Recipe(
        "mild",
        Spoiling(
            first_blur=0.8, first_noise=2.0, jpeg=3, second_blur=0.4, second_noise=1.0,
            crf=23, preset="medium",
        ),
    ),
    Recipe(
        "medium",
        Spoiling(
            first_blur=1.6, first_noise=6.0, jpeg=5, second_blur=0.8, second_noise=3.0,
            crf=28, preset="medium",
        ),
    ),
    Recipe(
        "heavy",
        Spoiling(
            first_blur=2.4, first_noise=12.0, jpeg=9, second_blur=1.0, second_noise=4.0,
            crf=34, preset="veryfast",
        ),
    ),
)  # fmt: skip
