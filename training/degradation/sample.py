"""Random drawing of the parameters of a clip's degradation (specification, sections 7.3, 7.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training.degradation.check import check
from training.degradation.draw import Draw
from training.degradation.old.sample import film, recording
from training.degradation.options import (
    BlurOptions,
    CompressionOptions,
    DegradationOptions,
    FinalOptions,
    JpegOptions,
    NoiseOptions,
    ResizeOptions,
)
from training.degradation.parameters import (
    Blur,
    Compression,
    Filter,
    Jpeg,
    Noise,
    Operation,
    Parameters,
    Resize,
    ResizeTo,
)
from training.degradation.ranges import Range

_GOOD_FILTERS: tuple[Filter, ...] = ("area", "antialiased")
_LARGE_KERNEL = 13  # pixels: from this size, the sinc's cutoff may be lower (specification, section 7.4)


@dataclass(frozen=True, slots=True)
class Degradation:
    """A random degradation: its options, and the size of the low frames.

    Attributes:
        options: ranges, probabilities, and how parameters change from frame to frame.
        height: height of the low frames in pixels.
        width: width of the low frames in pixels.

    Raises:
        TrainingError: a range or a probability is invalid.
    """

    options: DegradationOptions
    height: int
    width: int

    def __post_init__(self) -> None:
        check(self.options)

    def sample(self, rng: np.random.Generator, frames: int) -> Parameters:
        """Draw parameters for a number of frames. The same generator state gives the same parameters."""
        draw = _Draw(rng, frames, self.options)
        first, second, old = self.options.first, self.options.second, self.options.old
        if draw.may(self.options.clean):
            return Parameters(frames, tuple(self._clean(draw)))
        operations = [
            *draw.blur(first.blur), *draw.resize(first.resize), *film(draw, old), *draw.noise(first.noise),
            *draw.jpeg(first.jpeg), *draw.compression(first.compression),
        ]  # fmt: skip
        operations += recording(draw, old, self.options.final.filters, self.height, self.width)
        final = draw.final(self.options.final, self.height, self.width)
        if not self.options.second_order:
            return Parameters(frames, (*operations, *final))
        operations += [
            *draw.blur(second.blur), *draw.resize(second.resize), *draw.noise(second.noise),
            *draw.jpeg(second.jpeg),
        ]  # fmt: skip
        last = [draw.compression(second.compression), final]
        if draw.happens(self.options.final.resize_first):
            last.reverse()
        return Parameters(frames, (*operations, *last[0], *last[1]))

    def _clean(self, draw: _Draw) -> list[Operation]:
        """Draw the operations of a nearly clean clip: a reduction, and perhaps a light compression."""
        size = ResizeTo(draw.one_of(_GOOD_FILTERS), self.height, self.width)
        return [size, *draw.compression(self.options.clean_compression)]


class _Draw(Draw):
    """Random draws for one clip. Each operation is returned as a list, which is empty if it is omitted."""

    def __init__(self, rng: np.random.Generator, frames: int, options: DegradationOptions) -> None:
        super().__init__(rng, frames, options.random_walk)
        self._options = options

    def blur(self, options: BlurOptions) -> list[Operation]:
        if not self.happens(options.probability):
            return []
        kind = self.weighed(options.kinds)
        size = self.one_of(options.sizes)
        beta = options.beta_plateau if kind.startswith("plateau") else options.beta_gaussian
        return [
            Blur(
                kind=kind,
                size=size,
                sigma_x=self.walk(options.sigma_x),
                sigma_y=self.walk(options.sigma_y),
                angle=self.walk(options.angle),
                beta=self._beta(beta),
                cutoff=self.walk(_cutoff(options, size)),
            )
        ]

    def resize(self, options: ResizeOptions) -> list[Operation]:
        if not self.happens(options.probability):
            return []
        scale = options.scale
        modes = {
            "up": Range(low=1.0, high=scale.high),
            "down": Range(low=scale.low, high=1.0),
            "keep": Range(low=1.0, high=1.0),
        }
        mode = modes[self.weighed({"up": options.up, "down": options.down, "keep": options.keep})]
        # The mode sets where the walk begins; the walk may leave its range (specification 7.4). Independent
        # draws stay in it.
        bounds = mode if self.random_walk == "independent" else scale
        return [Resize(self.one_of(options.filters), self.walk(bounds, self.within(mode.low, mode.high)))]

    def noise(self, options: NoiseOptions) -> list[Operation]:
        if not self.happens(options.probability):
            return []
        gaussian, grey = self.happens(options.gaussian), self.happens(options.grey)
        strength = self.walk(options.sigma if gaussian else options.poisson)
        return [Noise("gaussian" if gaussian else "poisson", grey, strength, self.seed())]

    def jpeg(self, options: JpegOptions) -> list[Operation]:
        if not self.happens(options.probability):
            return []
        return [Jpeg(self._qualities(options.quality), self._options.released_quirks)]

    def compression(self, options: CompressionOptions) -> list[Operation]:
        if not self.happens(options.probability):
            return []
        low, high = options.crf or options.bit_rate
        strength = self.whole(low, high)
        bit_rate, crf = (strength, None) if options.crf is None else (None, strength)
        return [Compression(self.one_of(options.codecs), bit_rate, self._options.released_quirks, crf)]

    def final(self, options: FinalOptions, height: int, width: int) -> list[Operation]:
        """Draw the resize to the low size, and the sinc filter, which always comes after it."""
        operations: list[Operation] = [ResizeTo(self.one_of(options.filters), height, width)]
        if self.happens(options.sinc_probability):
            size, unused = self.one_of(options.sinc_sizes), (1.0,) * self.frames
            cutoff = self.walk(options.sinc_cutoff)
            operations.append(Blur("sinc", size, unused, unused, unused, unused, cutoff))
        return operations

    def _qualities(self, bounds: Range) -> tuple[int, ...]:
        """Draw a walk over whole numbers. Each step begins at the rounded value before it.

        Specification 7.4.
        """
        if self.random_walk is not True:
            return tuple(round(value) for value in self.walk(bounds))
        values = [round(self.within(bounds.low, bounds.high))]
        for increment in self.rng.uniform(-bounds.step, bounds.step, self.frames - 1).tolist():
            values.append(round(min(max(values[-1] + increment, bounds.low), bounds.high)))
        return tuple(values)

    def _beta(self, bounds: Range) -> tuple[float, ...]:
        walked = self.walk(bounds)
        if not self._options.released_quirks:
            return walked
        return tuple(self.rng.uniform(min(beta, 1.0), max(beta, 1.0)) for beta in walked)


def _cutoff(options: BlurOptions, size: int) -> Range:
    low, high = options.cutoff or (math.pi / (3 if size < _LARGE_KERNEL else 5), math.pi)
    return Range(low=low, high=high, step=options.cutoff_step)
