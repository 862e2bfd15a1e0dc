"""What is made of one file: everything but the restoration itself."""

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
    """How a source is read and the restored frames are delivered.

    Raises:
        JobError: values that contradict each other or are out of range.
    """

    encoding: Encoding = field(default_factory=Encoding)
    """Encoder, quality and pixel format."""
    size: tuple[int, int] | None = None
    """Width and height to resize the restored frames to, in pixels."""
    scale: float | None = None
    """Enlargement in all, instead of `size`; the network's own is 4."""
    kernel: Kernel = "spline36"
    """Filter of that resizing."""
    light: Light = "gamma"
    """Light in which that resizing averages."""
    deinterlace: Literal["auto", "off", "frame", "field"] = "auto"
    """bwdif before restoration: where flagged, never, to one frame per frame, to one per field."""
    rate: Fraction | None = None
    """Frames per second of an image sequence."""
    segment_length: int = 0
    """Frames of a segment of the job at most, up to the next window; 0 chooses by the picture's size."""
    cuts_out: Path | None = None
    """Where to write the scene cuts that were used."""
    figures: bool = False
    """Write cleaning passes and residue of each frame to OUT.csv."""
    strict: bool = False
    """Refuse what the output cannot hold instead of leaving it out with a warning."""
    overwrite: bool = False
    """Replace an output that exists."""

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
        """Width and height of the output for a source of this size; with `scale` both are made even."""
        if self.size:
            return self.size
        if self.scale is None:
            return SCALE * width, SCALE * height
        return tuple(max(2, 2 * round(length * self.scale / 2)) for length in (width, height))  # type: ignore[return-value] # two by construction
