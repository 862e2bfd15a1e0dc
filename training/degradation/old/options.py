"""Options of damage from film, tapes, discs and old codecs: ranges to draw from. By default all is off.

Lengths are pixels and frequencies are cycles per pixel of the picture that is damaged. At 13.5 MHz, the
sampling rate for 720 pixels per line, 1 MHz is 0.074 cycles per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.degradation.old.parameters import Ratio
from training.degradation.parameters import Codec
from training.degradation.ranges import Range


@dataclass(frozen=True, kw_only=True, slots=True)
class GrainOptions:
    """Film grain, after the first resize.

    Attributes:
        probability: probability of grain.
        size: standard deviation of a grain, which is a Gaussian, in pixels.
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
        probability: probability of halos.
        horizontal: probability that only edges across the lines have halos, as from analogue circuits.
        radius: standard deviation of the Gaussian blur whose difference is added, in pixels.
        strength: factor of the difference that is added.
    """

    probability: float = 0.0
    horizontal: float = 0.5
    radius: Range = Range(low=0.7, high=3.0, step=0.02)
    strength: Range = Range(low=0.3, high=1.5, step=0.03)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompositeOptions:
    """Composite video: colour and brightness in one signal, which gives dot crawl and rainbows.

    Attributes:
        probability: probability of composite video.
        ntsc: probability of NTSC; otherwise it is PAL.
        subcarrier: lowest and highest frequency of the subcarrier. For 720 pixels per line NTSC has 0.265,
            PAL 0.328.
        bandwidth: bandwidth of the colour, where it has fallen to 0.71 (-3 dB).
        comb: share of the line comb filter in the decoder, 0 to 1; 0 is a notch filter alone.
        notch: share of the colour that the decoder removes from the brightness, 0 to 1.
    """

    probability: float = 0.0
    ntsc: float = 0.5
    subcarrier: tuple[float, float] = (0.24, 0.35)
    bandwidth: Range = Range(low=0.05, high=0.11, step=0.002)
    comb: Range = Range(low=0.0, high=0.6, step=0.03)
    notch: Range = Range(low=0.85, high=1.0, step=0.01)


@dataclass(frozen=True, kw_only=True, slots=True)
class TapeOptions:
    """Video tape: VHS and similar systems.

    Attributes:
        probability: probability of video tape.
        luma: bandwidth of the brightness, where it has fallen to 0.71. VHS's 3 MHz are 0.22.
        chroma: bandwidth of the colour; 0.5 MHz are 0.037.
        jitter: standard deviation of the horizontal positions of the lines, in pixels.
        noise: standard deviation of the brightness noise, on the 0-255 scale.
        chroma_noise: standard deviation of the noise of the colour differences, on the 0-255 scale.
        streaks: dropouts per 1,000 pixels.
        delay: delay of the colour, in pixels to the right.
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
    """Colour with fewer pixels than the brightness, shifted, and blurred along the lines.

    Attributes:
        probability: probability of this damage.
        ratios: subsampling ratios to choose from.
        shift_x: shift of the colour in pixels to the right.
        shift_y: shift of the colour in pixels downwards.
        bleed: standard deviation of the Gaussian blur along the lines, in pixels.
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
        probability: probability of MPEG-2.
        quantizer: lowest and highest quantizer, whole numbers from 1 (best) to 31; a DVD has 2 to 8.
        gop: lowest and highest number of frames from one intra frame to the next.
        b_frames: lowest and highest number of B frames between two other frames, 0 to 4.
        interlaced: probability that the clip is interlaced: each encoded frame has two neighbouring frames as
            its fields.
        blend: probability that the fields are then blended; otherwise frames are interpolated from one field.
        residue: share of the other field's lines that interpolated frames keep, which gives combs, 0 to 1.
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
        probability: probability of such a codec.
        codecs: codecs to choose from.
        crf: lowest and highest constant quality, whole numbers from 0 (best) to 51. See
            `compression.encoded`.
    """

    probability: float = 0.0
    codecs: tuple[Codec, ...] = ("h263", "h263p", "flv1", "mpeg4", "msmpeg4v3", "mjpeg")
    crf: tuple[int, int] = (24, 42)


@dataclass(frozen=True, kw_only=True, slots=True)
class OldOptions:
    """Damage of film in the first round; then of a recording, between the two rounds, in this order.

    Attributes:
        grain: film grain, between the first round's resize and noise.
        halo: edge enhancement, after the grain.
        scale: size of a recording as a multiple of the low size. If one of the following operations is drawn,
            frames are first resized to it, with one of the final filters.
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
