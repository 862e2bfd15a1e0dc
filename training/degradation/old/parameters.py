"""What was drawn for one clip's film, tape and disc; values a frame are tuples, as in `parameters`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Standard = Literal["pal", "ntsc"]
Ratio = Literal["4:2:0", "4:1:1", "4:1:0"]
Fields = Literal["none", "bob", "blend"]


@dataclass(frozen=True, slots=True)
class Grain:
    """Grain of film: Gaussian blobs, another field for each frame.

    Attributes:
        size: standard deviation of a grain, pixels.
        strength: standard deviation of the noise at mid-grey, on the 0-255 scale.
        colour: share of noise that differs between red, green and blue, 0 to 1.
        seed: of the random field, 0 to 2**63 - 1.
    """

    size: tuple[float, ...]
    strength: tuple[float, ...]
    colour: float
    seed: int


@dataclass(frozen=True, slots=True)
class Halo:
    """Edge enhancement of the luma.

    Attributes:
        horizontal: along the lines only.
        radius: standard deviation of the Gaussian, pixels.
        strength: how often the difference from the blurred luma is added.
    """

    horizontal: bool
    radius: tuple[float, ...]
    strength: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Composite:
    """Encoding to a composite signal and decoding it.

    Attributes:
        standard: what decides the subcarrier's phase from line to line and frame to frame.
        subcarrier: its frequency, cycles per pixel.
        phase: of the subcarrier at the first pixel of frame 0, cycles.
        start: place of the clip's first frame in the colour sequence.
        bandwidth: of the colour, cycles per pixel.
        comb: share of the comb filter in the decoder.
        notch: share of the colour that is taken out of the brightness.
    """

    standard: Standard
    subcarrier: float
    phase: float
    start: int
    bandwidth: tuple[float, ...]
    comb: tuple[float, ...]
    notch: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tape:
    """Recording on a video tape.

    Attributes:
        luma: bandwidth of the brightness, cycles per pixel.
        chroma: of the colour.
        jitter: standard deviation of the lines' places, pixels.
        noise: standard deviation on the 0-255 scale.
        chroma_noise: likewise, of the colour differences.
        streaks: dropouts in 1,000 pixels.
        delay: of the colour, pixels to the right.
        seed: of the random fields, 0 to 2**63 - 1.
    """

    luma: tuple[float, ...]
    chroma: tuple[float, ...]
    jitter: tuple[float, ...]
    noise: tuple[float, ...]
    chroma_noise: tuple[float, ...]
    streaks: tuple[float, ...]
    delay: tuple[float, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Chroma:
    """Colour with fewer pixels than the brightness.

    Attributes:
        ratio: pixels of the brightness to those of the colour.
        shift_x: of the colour, pixels to the right.
        shift_y: pixels downwards.
        bleed: standard deviation of the Gaussian along the lines, pixels.
    """

    ratio: Ratio
    shift_x: tuple[float, ...]
    shift_y: tuple[float, ...]
    bleed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Disc:
    """MPEG-2 of the whole clip.

    Attributes:
        quantizer: 1-31.
        gop: frames from one intra frame to the next.
        b_frames: between two others.
        fields: "none" encodes frames; "bob" and "blend" encode two neighbouring frames as the fields of
            one, and say how the fields are made frames again.
        lower_first: the frame's own lines are the odd ones, the next frame's the even ones.
        residue: share of the other field's lines that "bob" keeps.
    """

    quantizer: int
    gop: int
    b_frames: int
    fields: Fields
    lower_first: bool
    residue: tuple[float, ...]


OldOperation = Grain | Halo | Composite | Tape | Chroma
