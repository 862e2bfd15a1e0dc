"""Which losses are taken, apart from the losses themselves, so that reading options loads no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.options import require

PixelKind = Literal["l1", "charbonnier"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PerceptualOptions:
    """The perceptual loss of stage 2 (SPEC 6.1).

    Attributes:
        weight: of the loss.
        backbone: VGG-19 (the paper's) or VGG-16, whose weights a package brings.
        weights: a file with the backbone's weights; empty takes them from where they usually are (see
            `training.backbones.load`).
        frames_at_once: 0 takes all frames together; n takes n at a time and computes them again in the
            backward pass, which bounds memory and costs half as much time again.
        precision: bf16 computes the backbone under autocast: half the time on a processor with AVX-512's
            bf16, for a loss that is a few thousandths off.
    """

    weight: float = 1.0
    backbone: Literal["vgg19", "vgg16"] = "vgg19"
    weights: str = ""
    frames_at_once: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"

    def __post_init__(self) -> None:
        require(self.weight >= 0, "weight must be 0 or more.")
        require(self.frames_at_once >= 0, "frames_at_once must be 0 or more.")
