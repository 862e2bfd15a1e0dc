"""The ranges that damage of film, tapes, discs and old codecs is drawn from; all of it is off by default.

Lengths are pixels and frequencies are cycles per pixel of the picture that is damaged. At 13.5 MHz, the
sampling rate of 720 pixels to a line, 1 MHz is 0.074 cycles per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.degradation.old.parameters import Ratio
from training.degradation.parameters import Codec
from training.degradation.ranges import Range


@dataclass(frozen=True, kw_only=True, slots=True)
class GrainOptions:
    """Grain of film, after the first resize.

    Attributes:
        probability: that there is any.
        size: standard deviation of the Gaussian that a grain is, pixels.
        strength: standard deviation of the noise at mid-grey, on the 0-255 scale.
        colour: lowest and highest share of noise that differs between red, green and blue, 0 to 1.
    """

    probability: float = 0.0
    size: Range = Range(low=0.5, high=1.6, step=0.02)
    strength: Range = Range(low=2.0, high=12.0, step=0.2)
    colour: tuple[float, float] = (0.0, 0.4)


@dataclass(frozen=True, kw_only=True, slots=True)
class HaloOptions:
    """Halos of edge enhancement, after the grain.

    Attributes:
        probability: that there are any.
        horizontal: probability that only edges across the lines have them, as from analogue circuits.
        radius: standard deviation of the Gaussian whose difference is added, pixels.
        strength: how often it is added.
    """

    probability: float = 0.0
    horizontal: float = 0.5
    radius: Range = Range(low=0.7, high=3.0, step=0.02)
    strength: Range = Range(low=0.3, high=1.5, step=0.03)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompositeOptions:
    """Colour as one signal with the brightness: dot crawl and rainbows.

    Attributes:
        probability: that there is any.
        ntsc: probability of NTSC; the rest is PAL.
        subcarrier: lowest and highest frequency; of 720 pixels NTSC has 0.265, PAL 0.328.
        bandwidth: of the colour, where it has fallen to 0.71 (-3 dB).
        comb: how much of the decoder is a comb of lines; 0 is a notch filter alone.
        notch: how much of the colour the decoder takes out of the brightness, 0 to 1.
    """

    probability: float = 0.0
    ntsc: float = 0.5
    subcarrier: tuple[float, float] = (0.24, 0.35)
    bandwidth: Range = Range(low=0.05, high=0.11, step=0.002)
    comb: Range = Range(low=0.0, high=0.6, step=0.03)
    notch: Range = Range(low=0.85, high=1.0, step=0.01)


@dataclass(frozen=True, kw_only=True, slots=True)
class TapeOptions:
    """Video tape, VHS and its kin.

    Attributes:
        probability: that there is any.
        luma: bandwidth of the brightness, where it has fallen to 0.71; VHS's 3 MHz are 0.22.
        chroma: of the colour; 0.5 MHz are 0.037.
        jitter: standard deviation of the lines' places, pixels.
        noise: of the brightness, standard deviation on the 0-255 scale.
        chroma_noise: of the colour differences, likewise.
        streaks: dropouts in 1,000 pixels.
        delay: of the colour, pixels to the right.
    """

    probability: float = 0.0
    luma: Range = Range(low=0.14, high=0.3, step=0.003)
    chroma: Range = Range(low=0.025, high=0.06, step=0.001)
    jitter: Range = Range(low=0.0, high=0.6, step=0.03)
    noise: Range = Range(low=1.0, high=8.0, step=0.2)
    chroma_noise: Range = Range(low=0.5, high=5.0, step=0.1)
    streaks: Range = Range(low=0.0, high=0.06, step=0.005)
    delay: Range = Range(low=-0.5, high=2.5, step=0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChromaOptions:
    """Colour with fewer pixels than the brightness, beside its place, smeared along the lines.

    Attributes:
        probability: that there is any.
        ratios: one of them is drawn.
        shift_x: pixels to the right.
        shift_y: pixels downwards.
        bleed: standard deviation of the Gaussian along the lines, pixels.
    """

    probability: float = 0.0
    ratios: tuple[Ratio, ...] = ("4:2:0", "4:1:1", "4:1:0")
    shift_x: Range = Range(low=-2.0, high=2.0, step=0.1)
    shift_y: Range = Range(low=-1.0, high=1.0, step=0.05)
    bleed: Range = Range(low=0.0, high=3.0, step=0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscOptions:
    """MPEG-2, as on DVDs and in television.

    Attributes:
        probability: that there is any.
        quantizer: lowest and highest, whole numbers from 1, the best, to 31; a DVD's are 2 to 8.
        gop: lowest and highest number of frames from one intra frame to the next.
        b_frames: lowest and highest number of them between two others, 0 to 4.
        interlaced: probability that two neighbouring frames are the fields of each encoded one.
        blend: probability that fields are then blended; the rest is interpolated from one field.
        residue: how much of the other field's lines interpolated frames keep: combs, 0 to 1.
    """

    probability: float = 0.0
    quantizer: tuple[int, int] = (2, 10)
    gop: tuple[int, int] = (1, 15)
    b_frames: tuple[int, int] = (0, 2)
    interlaced: float = 0.35
    blend: float = 0.4
    residue: Range = Range(low=0.0, high=0.6, step=0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebOptions:
    """Codecs of the early web, at constant quality.

    Attributes:
        probability: that there is any.
        codecs: one of them is drawn.
        crf: lowest and highest, whole numbers from 0, the best, to 51; see `compression.encoded`.
    """

    probability: float = 0.0
    codecs: tuple[Codec, ...] = ("h263", "h263p", "flv1", "mpeg4", "msmpeg4v3", "mjpeg")
    crf: tuple[int, int] = (24, 42)


@dataclass(frozen=True, kw_only=True, slots=True)
class OldOptions:
    """Film in the first round; then the recording, between the two rounds, in this order.

    Attributes:
        grain: grain of film, between the first round's resize and noise.
        halo: edge enhancement, after it.
        scale: the size of a recording as a multiple of the low size; frames are resized to it, with one of
            the final filters, if there is any of what follows.
        composite: PAL and NTSC.
        tape: VHS.
        chroma: colour with fewer pixels.
        disc: MPEG-2.
        web: H.263, Sorenson, MPEG-4 part 2 and Motion JPEG.
    """

    grain: GrainOptions = GrainOptions()
    halo: HaloOptions = HaloOptions()
    scale: Range = Range(low=1.0, high=1.5)
    composite: CompositeOptions = CompositeOptions()
    tape: TapeOptions = TapeOptions()
    chroma: ChromaOptions = ChromaOptions()
    disc: DiscOptions = DiscOptions()
    web: WebOptions = WebOptions()
