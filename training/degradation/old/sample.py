"""Random drawing of the parameters of old damage. A probability of 0 uses up no random number."""

from __future__ import annotations

from collections.abc import Sequence

from training.degradation.draw import Draw
from training.degradation.old.options import (
    ChromaOptions,
    CompositeOptions,
    DiscOptions,
    GrainOptions,
    HaloOptions,
    OldOptions,
    TapeOptions,
    WebOptions,
)
from training.degradation.old.parameters import (
    Chroma,
    Composite,
    Disc,
    Fields,
    Grain,
    Halo,
    Tape,
)
from training.degradation.parameters import Compression, Filter, Operation, ResizeTo
from training.degradation.resize import even_size

_COLOUR_SEQUENCE = 4  # frames of PAL's colour sequence, a multiple of NTSC's two


def film(draw: Draw, options: OldOptions) -> list[Operation]:
    """Draw grain, then halos; the list is empty if there are none."""
    return [*_grain(draw, options.grain), *_halo(draw, options.halo)]


def recording(
    draw: Draw, options: OldOptions, filters: Sequence[Filter], height: int, width: int
) -> list[Operation]:
    """Draw composite, tape, chroma, disc and web, after a resize to the size of the recording.

    Args:
        draw: random draws for the clip.
        options: ranges and probabilities.
        filters: filters for the resize to the recording's size.
        height: height of the low frames in pixels.
        width: width of the low frames in pixels.

    Returns:
        The operations in order; an empty list if there are none.
    """
    operations: list[Operation] = [
        *_composite(draw, options.composite), *_tape(draw, options.tape), *_chroma(draw, options.chroma),
        *_disc(draw, options.disc), *_web(draw, options.web),
    ]  # fmt: skip
    if not operations:
        return []
    size = even_size(height, width, draw.within(options.scale.low, options.scale.high))
    return [ResizeTo(draw.one_of(filters), *size), *operations]


def _grain(draw: Draw, options: GrainOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    colour = draw.within(*options.colour)
    return [Grain(draw.walk(options.size), draw.walk(options.strength), colour, draw.seed())]


def _halo(draw: Draw, options: HaloOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    horizontal = draw.happens(options.horizontal)
    return [Halo(horizontal, draw.walk(options.radius), draw.walk(options.strength))]


def _composite(draw: Draw, options: CompositeOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    return [
        Composite(
            standard="ntsc" if draw.happens(options.ntsc) else "pal",
            subcarrier=draw.within(*options.subcarrier),
            phase=draw.within(0.0, 1.0),
            start=draw.whole(0, _COLOUR_SEQUENCE - 1),
            bandwidth=draw.walk(options.bandwidth),
            comb=draw.walk(options.comb),
            notch=draw.walk(options.notch),
        )
    ]


def _tape(draw: Draw, options: TapeOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    return [
        Tape(
            luma=draw.walk(options.luma),
            chroma=draw.walk(options.chroma),
            jitter=draw.walk(options.jitter),
            noise=draw.walk(options.noise),
            chroma_noise=draw.walk(options.chroma_noise),
            streaks=draw.walk(options.streaks),
            delay=draw.walk(options.delay),
            seed=draw.seed(),
        )
    ]


def _chroma(draw: Draw, options: ChromaOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    ratio = draw.one_of(options.ratios)
    return [Chroma(ratio, draw.walk(options.shift_x), draw.walk(options.shift_y), draw.walk(options.bleed))]


def _disc(draw: Draw, options: DiscOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    fields: Fields = "none"
    if draw.happens(options.interlaced):
        fields = "blend" if draw.happens(options.blend) else "bob"
    return [
        Disc(
            quantizer=draw.whole(*options.quantizer),
            gop=draw.whole(*options.gop),
            b_frames=draw.whole(*options.b_frames),
            fields=fields,
            lower_first=draw.happens(0.5),
            residue=draw.walk(options.residue),
        )
    ]


def _web(draw: Draw, options: WebOptions) -> list[Operation]:
    if not draw.may(options.probability):
        return []
    return [Compression(draw.one_of(options.codecs), None, crf=draw.whole(*options.crf))]
