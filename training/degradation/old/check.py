"""Checks of the ranges and probabilities of old damage."""

from __future__ import annotations

from training.degradation import limits
from training.degradation.old.options import OldOptions

_SHIFT = 16.0  # pixels; with a larger shift, the colour has no relation to the picture
_LEVELS = 255.0


def check_old(place: str, options: OldOptions) -> None:
    """Check that the operations can use all options.

    Raises:
        TrainingError: the message has the option's name and its permitted values.
    """
    for name in ("grain", "halo", "composite", "tape", "chroma", "disc", "web"):
        limits.probability(f"{place}.{name}.probability", getattr(options, name).probability)
    limits.within(f"{place}.scale", options.scale, 0.1, 16)
    _check_film(place, options)
    _check_composite(f"{place}.composite", options)
    _check_tape(f"{place}.tape", options)
    _check_chroma(f"{place}.chroma", options)
    _check_disc(f"{place}.disc", options)
    limits.some(f"{place}.web.codecs", options.web.codecs)
    limits.ordered(f"{place}.web.crf", options.web.crf, 0, 51)


def _check_film(place: str, options: OldOptions) -> None:
    grain, halo = options.grain, options.halo
    limits.within(f"{place}.grain.size", grain.size, 0, 20)
    limits.within(f"{place}.grain.strength", grain.strength, 0, _LEVELS)
    limits.ordered(f"{place}.grain.colour", grain.colour, 0, 1)
    limits.probability(f"{place}.halo.horizontal", halo.horizontal)
    limits.within(f"{place}.halo.radius", halo.radius, 0, 50)
    limits.within(f"{place}.halo.strength", halo.strength, 0, 10)


def _check_composite(place: str, options: OldOptions) -> None:
    composite = options.composite
    limits.probability(f"{place}.ntsc", composite.ntsc)
    limits.ordered(f"{place}.subcarrier", composite.subcarrier, 0.05, 0.5)
    limits.within(f"{place}.bandwidth", composite.bandwidth, 0.005, 0.5)
    limits.within(f"{place}.comb", composite.comb, 0, 1)
    limits.within(f"{place}.notch", composite.notch, 0, 1)


def _check_tape(place: str, options: OldOptions) -> None:
    tape = options.tape
    limits.within(f"{place}.luma", tape.luma, 0.005, 2)
    limits.within(f"{place}.chroma", tape.chroma, 0.005, 2)
    limits.within(f"{place}.jitter", tape.jitter, 0, _SHIFT)
    limits.within(f"{place}.noise", tape.noise, 0, _LEVELS)
    limits.within(f"{place}.chroma_noise", tape.chroma_noise, 0, _LEVELS)
    limits.within(f"{place}.streaks", tape.streaks, 0, 1000)
    limits.within(f"{place}.delay", tape.delay, -_SHIFT, _SHIFT)


def _check_chroma(place: str, options: OldOptions) -> None:
    chroma = options.chroma
    limits.some(f"{place}.ratios", chroma.ratios)
    limits.within(f"{place}.shift_x", chroma.shift_x, -_SHIFT, _SHIFT)
    limits.within(f"{place}.shift_y", chroma.shift_y, -_SHIFT, _SHIFT)
    limits.within(f"{place}.bleed", chroma.bleed, 0, 50)


def _check_disc(place: str, options: OldOptions) -> None:
    disc = options.disc
    limits.ordered(f"{place}.quantizer", disc.quantizer, 1, 31)
    limits.ordered(f"{place}.gop", disc.gop, 1, 600)
    limits.ordered(f"{place}.b_frames", disc.b_frames, 0, 4)
    limits.probability(f"{place}.interlaced", disc.interlaced)
    limits.probability(f"{place}.blend", disc.blend)
    limits.within(f"{place}.residue", disc.residue, 0, 1)
