"""Options of the samples and how they are made from the data (specification, sections 7.1, 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.options import require


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionOptions:
    """Limits of the camera's motion over a photograph. The motion is drawn again for every sample.

    Attributes:
        pan: pixels of the ground truth per frame.
        zoom: relative change of scale per frame.
        rotation: degrees per frame.
        perspective: tilt per frame: relative difference in scale between opposite edges of the picture.
        jitter: shake of a hand-held camera: standard deviation in pixels per frame.
        reduction: pixels of the photograph per pixel of the ground truth, at most. It is at least 1, so that
            the photograph is never enlarged.
    """

    pan: float = 4.0
    zoom: float = 0.005
    rotation: float = 0.3
    perspective: float = 0.002
    jitter: float = 0.3
    reduction: float = 3.0

    def __post_init__(self) -> None:
        least = min(self.pan, self.zoom, self.rotation, self.perspective, self.jitter)
        require(least >= 0, "pan, zoom, rotation, perspective and jitter must be 0 or more.")
        require(self.zoom < 0.1 and self.perspective < 0.1, "zoom and perspective must be below 0.1 a frame.")
        require(self.reduction >= 1, "reduction must be 1 or more.")


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawingOptions:
    """Limits of the motion of drawings over a background. The motion is drawn again for every sample.

    Attributes:
        share: fraction of all samples that show drawings, if there are drawings. 0 disables them.
        layers: number of drawings in a sample, at most.
        pan: pixels of the ground truth per frame, for each drawing separately.
        zoom: relative change of scale per frame.
        rotation: degrees per frame.
        swing: degrees that a part of a drawing turns against the rest, to either side.
        hold: number of frames for which a drawing stays the same, at most. A cartoon drawn "on twos" has 2.
        photos: probability that the background is a photograph. The other backgrounds are painted shapes.
    """

    share: float = 0.2
    layers: int = 4
    pan: float = 6.0
    zoom: float = 0.01
    rotation: float = 1.5
    swing: float = 12.0
    hold: int = 3
    photos: float = 0.4

    def __post_init__(self) -> None:
        require(0 <= self.share < 1, "share must be 0 or more and below 1.")
        require(self.layers >= 1 and self.hold >= 1, "layers and hold must be 1 or more.")
        require(min(self.pan, self.rotation) >= 0, "pan and rotation must be 0 or more.")
        require(0 <= self.zoom < 0.1, "zoom must be 0 or more and below 0.1 a frame.")
        require(0 <= self.swing <= 45, "swing must lie between 0 and 45 degrees.")
        require(0 <= self.photos <= 1, "photos must lie between 0 and 1.")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextOptions:
    """Lines of text over a background, drawn again for every sample.

    Attributes:
        share: fraction of all samples that show text, if there are fonts. 0 disables text.
        smallest: smallest height of a line, in pixels of the ground truth.
        largest: largest height of a line, in pixels of the ground truth.
        scroll: speed of credits and news tickers in pixels per frame, at most.
        photos: probability that the background is a photograph. The other backgrounds are painted shapes.
    """

    share: float = 0.1
    smallest: float = 18.0
    largest: float = 96.0
    scroll: float = 5.0
    photos: float = 0.6

    def __post_init__(self) -> None:
        require(0 <= self.share < 1, "share must be 0 or more and below 1.")
        require(4 <= self.smallest <= self.largest <= 512, "smallest and largest must lie between 4 and 512.")
        require(self.scroll >= 0, "scroll must be 0 or more.")
        require(0 <= self.photos <= 1, "photos must lie between 0 and 1.")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataOptions:
    """How samples are cut out of clips.

    Attributes:
        low_size: side of the low frames in pixels, a multiple of 8. The ground truth's is four times that.
        frames: number of frames of a sample, including mirrored ones.
        mirror: load half of the frames and append them in reverse order (specification, section 7.2).
        flips: flip horizontally and vertically, each with probability 1/2.
        transpose: swap height and width with probability 1/2.
        workers: number of loader processes per training process; 0 loads in the training process itself. Each
            loader makes two batches ahead; a clip of 30 frames of 64x64 takes 15 MB there.
        degrade: where clips are degraded: "workers" (the loader's, on the CPU) or "device" (the training's).
        cut_threshold: change between two frames of a video, in percent of the brightness range, from which it
            is a scene cut.
        cache_megabytes: decoded frames of videos, photographs and drawings that each worker keeps in memory.
        motion: motion of the camera over photographs and other backgrounds.
        drawings: drawings in motion.
        text: text in motion.
    """

    low_size: int = 64
    frames: int = 30
    mirror: bool = True
    flips: bool = True
    transpose: bool = True
    workers: int = 4
    degrade: Literal["workers", "device"] = "workers"
    cut_threshold: float = 10.0
    cache_megabytes: int = 512
    motion: MotionOptions = MotionOptions()
    drawings: DrawingOptions = DrawingOptions()
    text: TextOptions = TextOptions()

    def __post_init__(self) -> None:
        require(
            self.low_size >= 8 and self.low_size % 8 == 0,
            f"low_size must be a multiple of 8, not {self.low_size}.",
        )
        require(self.frames >= 1, "frames must be 1 or more.")
        require(
            not self.mirror or self.frames % 2 == 0,
            f"frames must be even to be mirrored, not {self.frames}; or set mirror to false.",
        )
        require(self.workers >= 0, "workers must be 0 or more.")
        require(0 < self.cut_threshold <= 100, "cut_threshold must lie above 0 and be at most 100.")
        require(self.cache_megabytes >= 0, "cache_megabytes must be 0 or more.")
        require(
            self.drawings.share + self.text.share < 1,
            "drawings.share and text.share must sum to less than 1.",
        )

    @property
    def loaded_frames(self) -> int:
        """Number of distinct frames of a sample."""
        return self.frames // 2 if self.mirror else self.frames
