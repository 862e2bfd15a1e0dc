"""Options of reading a source and writing its output; everything except the restoration itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.video.colour.resample import Kernel, Light
from vsrealbasicvsr.video.write.encoders import Encoding


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Options of reading a source and of delivering the restored frames.

    Raises:
        JobError: options contradict each other or are out of range.
    """

    encoding: Encoding = field(default_factory=Encoding)
    """Encoder, quality and pixel format."""
    size: tuple[int, int] | None = None
    """Width and height to resize the restored frames to, in pixels."""
    scale: float | None = None
    """Total enlargement, instead of `size`; the network enlarges 4 times."""
    kernel: Kernel = "spline36"
    """Filter for this resizing."""
    light: Light = "gamma"
    """Light in which this resizing averages."""
    deinterlace: Literal["auto", "off", "frame", "field"] = "auto"
    """Deinterlacing with bwdif before restoration. "auto": flagged frames only; "off": none; "frame": all, to
    one frame for each; "field": all, to one frame for each field."""
    rate: Fraction | None = None
    """Frames per second of an image sequence."""
    segment_length: int = 0
    """Frames after which a segment ends where the next window starts; 0 chooses by the picture's size."""
    cuts_out: Path | None = None
    """File to write the used scene cuts to."""
    figures: bool = False
    """Whether to write the cleaning passes and residue of each frame to OUT.csv."""
    strict: bool = False
    """Whether to refuse content that the output cannot hold; otherwise it is left out with a warning."""
    overwrite: bool = False
    """Whether to replace an existing output."""

    def __post_init__(self) -> None:
        if self.size and self.scale:
            raise JobError("size and scale exclude each other; give one of them.")
        if self.size and not all(2 <= length <= 65_536 for length in self.size):
            raise JobError(f"size {self.size[0]}x{self.size[1]} is out of range; give 2x2 to 65536x65536.")
        if self.scale is not None and not 0.1 <= self.scale <= 16:
            raise JobError(f"scale {self.scale:g} is out of range; give 0.1 to 16.")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise JobError(f"rate {self.rate} is out of range; give frames per second, up to 1000.")

        if not 0 <= self.segment_length <= 1_000_000:
            raise JobError(f"segment length {self.segment_length} is out of range; give 0 to 1000000 frames.")

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the output for a source of this size; with `scale` both are even."""
        if self.size:
            return self.size
        if self.scale is None:
            return SCALE * width, SCALE * height
        return tuple(max(2, 2 * round(length * self.scale / 2)) for length in (width, height))  # type: ignore[return-value] # two by construction
