"""Parameters of one clip's old damage. Values per frame are tuples, as in `degradation.parameters`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Standard = Literal["pal", "ntsc"]
Ratio = Literal["4:2:0", "4:1:1", "4:1:0"]
Fields = Literal["none", "bob", "blend"]


@dataclass(frozen=True, slots=True)
class Grain:
    """Film grain: Gaussian blobs, with another random field for each frame.

    Attributes:
        size: standard deviation of a grain, in pixels.
        strength: standard deviation of the noise at mid-grey, on the 0-255 scale.
        colour: share of noise that differs between red, green and blue, 0 to 1.
        seed: seed of the random field, 0 to 2**63 - 1.
    """

    size: tuple[float, ...]
    strength: tuple[float, ...]
    colour: float
    seed: int


@dataclass(frozen=True, slots=True)
class Halo:
    """Edge enhancement of the luma.

    Attributes:
        horizontal: whether the blur is along the lines only.
        radius: standard deviation of the Gaussian blur, in pixels.
        strength: factor of the difference from the blurred luma that is added.
    """

    horizontal: bool
    radius: tuple[float, ...]
    strength: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Composite:
    """Encoding to a composite signal and decoding it.

    Attributes:
        standard: the standard, which determines the subcarrier's phase on each line and in each frame.
        subcarrier: frequency of the subcarrier, in cycles per pixel.
        phase: phase of the subcarrier at the first pixel of frame 0, in cycles.
        start: position of the clip's first frame in the colour sequence.
        bandwidth: bandwidth of the colour, in cycles per pixel.
        comb: share of the comb filter in the decoder.
        notch: share of the colour that is removed from the brightness.
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
        luma: bandwidth of the brightness, in cycles per pixel.
        chroma: bandwidth of the colour, in cycles per pixel.
        jitter: standard deviation of the horizontal positions of the lines, in pixels.
        noise: standard deviation of the brightness noise, on the 0-255 scale.
        chroma_noise: standard deviation of the noise of the colour differences, on the 0-255 scale.
        streaks: dropouts per 1,000 pixels.
        delay: delay of the colour, in pixels to the right.
        seed: seed of the random fields, 0 to 2**63 - 1.
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
        ratio: subsampling ratio of the colour.
        shift_x: shift of the colour in pixels to the right.
        shift_y: shift of the colour in pixels downwards.
        bleed: standard deviation of the Gaussian blur along the lines, in pixels.
    """

    ratio: Ratio
    shift_x: tuple[float, ...]
    shift_y: tuple[float, ...]
    bleed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Disc:
    """MPEG-2 compression of the whole clip.

    Attributes:
        quantizer: constant quantizer, 1-31.
        gop: frames from one intra frame to the next.
        b_frames: number of B frames between two other frames.
        fields: "none" encodes progressive frames. "bob" and "blend" encode two neighbouring frames as the
            fields of one frame, and are the two methods to deinterlace it afterwards.
        lower_first: whether a frame's own lines are the odd ones, and the next frame's the even ones.
        residue: share of the other field's lines that "bob" keeps.
    """

    quantizer: int
    gop: int
    b_frames: int
    fields: Fields
    lower_first: bool
    residue: tuple[float, ...]


OldOperation = Grain | Halo | Composite | Tape | Chroma
