"""Options of the losses, in a file without PyTorch, so that reading options is fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.options import require

PixelKind = Literal["l1", "charbonnier"]
AdversarialKind = Literal["pixels", "features"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PerceptualOptions:
    """The perceptual loss of stage 2 (specification, section 6.1), and other losses on VGG features.

    Attributes:
        weight: weight of the perceptual loss: mean absolute difference of features.
        lpips: weight of LPIPS on VGG-16 (Zhang et al., 2018), which uses the same features.
        dists: weight of DISTS on VGG-16 (Ding et al., 2020). It computes its own features, which takes the
            same time again as the perceptual loss.
        frames: number of frames of each clip that are used, drawn again in each iteration; fewer frames take
            less time. 0 uses all frames. It holds for all losses of this table, for a discriminator on
            features, and for the teacher.
        backbone: VGG-19 (the paper's), or VGG-16, whose weights are in a package.
        weights: a file with the backbone's weights. If empty, they are read from their usual place (see
            `training.backbones.load`).
        frames_at_once: number of frames that are computed together. They are computed again in the backward
            pass, which limits memory and takes half as much time again. 0 computes all frames together, once.
        precision: bf16 computes the backbone under autocast. On a processor with bf16 in AVX-512 this takes
            half the time; the loss differs by a few thousandths.
    """

    weight: float = 1.0
    lpips: float = 0.0
    dists: float = 0.0
    frames: int = 0
    backbone: Literal["vgg19", "vgg16"] = "vgg19"
    weights: str = ""
    frames_at_once: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"

    def __post_init__(self) -> None:
        require(self.weight >= 0, "weight must be 0 or more.")
        require(min(self.lpips, self.dists) >= 0, "lpips and dists must be 0 or more.")
        require(
            self.backbone == "vgg16" or not (self.lpips or self.dists),
            'lpips and dists look through VGG-16: set losses.perceptual.backbone = "vgg16".',
        )
        require(min(self.frames, self.frames_at_once) >= 0, "frames and frames_at_once must be 0 or more.")

    @property
    def active(self) -> bool:
        """Whether any loss of this table is used."""
        return max(self.weight, self.lpips, self.dists) > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AdversarialOptions:
    """The adversarial loss and its discriminator (specification, sections 5, 6.1).

    Attributes:
        kind: input of the discriminator. "pixels" is the released U-Net with cross-entropy; its real frames
            are the ground truth without sharpening. "features" trains small heads on the perceptual loss's
            VGG-16 with hinge losses; its real side is the sharpened ground truth, whose features the
            perceptual loss computes anyway. It takes little time and finds edges within a hundred iterations.
        weight: weight of the generator's adversarial term; ignored if `share` is above 0.
        share: if above 0, the weight is set so that the term's gradient at the restored frames is this share
            of the gradient of all other losses there. It rises linearly over the first 40 iterations (see
            `training.losses.share`). 0.3 is a good start; 0 is off.
        mid_channels: channels of the discriminator, or of its heads.
        learning_rate: learning rate of the discriminator.
        init: "random", or a checkpoint that holds a discriminator of this kind.
    """

    kind: AdversarialKind = "pixels"
    weight: float = 0.05
    share: float = 0.0
    mid_channels: int = 64
    learning_rate: float = 1e-4
    init: str = "random"

    def __post_init__(self) -> None:
        require(self.weight >= 0, "weight must be 0 or more.")
        require(self.share >= 0, "share must be 0 or more.")
        require(self.mid_channels >= 1, "mid_channels must be 1 or more.")
        require(self.learning_rate > 0, "learning_rate must be above 0.")
        require(bool(self.init), "init must name something.")

    @property
    def active(self) -> bool:
        """Whether there is a discriminator."""
        return self.weight > 0 or self.share > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TeacherOptions:
    """The teacher: Real-ESRGAN x4plus, whose restored frames are a further target.

    It was trained on more pictures than a short training uses, and it knows lines; but it does not know
    motion. It gets the low frames without cleaning, and only the frames that `losses.perceptual.frames`
    selects.

    Attributes:
        model: folder with `realesrgan-x4plus.param` and `.bin`. A resumed run needs it again.
        pixel: weight of L1 between restored frames and the teacher's frames.
        perceptual: weight of the perceptual loss between them.
        lpips: weight of LPIPS on VGG-16 between them.
    """

    model: str = ""
    pixel: float = 0.0
    perceptual: float = 0.0
    lpips: float = 0.0

    def __post_init__(self) -> None:
        require(min(self.pixel, self.perceptual, self.lpips) >= 0, "weights must be 0 or more.")
        require(
            bool(self.model) or not self.active,
            "name the folder with realesrgan-x4plus.param and .bin in losses.teacher.model.",
        )

    @property
    def active(self) -> bool:
        """Whether any loss uses the teacher's frames."""
        return self.pixel > 0 or self.looks_at_features

    @property
    def looks_at_features(self) -> bool:
        """Whether any loss uses features of the teacher's frames."""
        return max(self.perceptual, self.lpips) > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LossOptions:
    """The losses and their weights (specification, section 6.1).

    The perceptual and the adversarial loss make it stage 2.

    Attributes:
        pixel: kind of the pixel loss: L1 (released) or Charbonnier (the paper).
        pixel_weight: weight of the loss of restored frames against the sharpened ground truth.
        cleaning: kind of the cleaning loss: L1 or Charbonnier.
        cleaning_weight: weight of the loss of cleaned frames against the ground truth reduced by area; 0 is
            an ablation.
        temporal: weight of the temporal loss: L1 between the changes from frame to frame of restored frames
            and of the sharpened ground truth. It reduces flicker; without other losses it blurs.
        perceptual: losses on VGG features; None or weights of 0 omit them.
        adversarial: the adversarial loss; None or a weight of 0 omits it and the discriminator.
        teacher: losses against the teacher's frames; None or weights of 0 omit them.
    """

    pixel: PixelKind = "l1"
    pixel_weight: float = 1.0
    cleaning: PixelKind = "l1"
    cleaning_weight: float = 1.0
    temporal: float = 0.0
    perceptual: PerceptualOptions | None = None
    adversarial: AdversarialOptions | None = None
    teacher: TeacherOptions | None = None

    def __post_init__(self) -> None:
        require(self.pixel_weight >= 0, "pixel_weight must be 0 or more.")
        require(self.cleaning_weight >= 0, "cleaning_weight must be 0 or more.")
        require(self.temporal >= 0, "temporal must be 0 or more.")
        backbone = self.perceptual.backbone if self.perceptual else None
        require(
            not self.judges_features or backbone == "vgg16",
            'adversarial.kind = "features" looks at VGG-16: set losses.perceptual.backbone = "vgg16"; '
            "losses.perceptual.weight may be 0.",
        )
        require(
            backbone is not None or not (self.teacher and self.teacher.looks_at_features),
            "teacher.perceptual and teacher.lpips look through losses.perceptual.backbone: set it; "
            "losses.perceptual.weight may be 0.",
        )
        require(
            backbone in (None, "vgg16") or not (self.teacher and self.teacher.lpips),
            'teacher.lpips looks through VGG-16: set losses.perceptual.backbone = "vgg16".',
        )

    @property
    def look_at_features(self) -> bool:
        """Whether any loss needs the backbone."""
        perceptual, teacher = self.perceptual, self.teacher
        return perceptual is not None and (
            perceptual.active or self.judges_features or (teacher is not None and teacher.looks_at_features)
        )

    @property
    def judges_features(self) -> bool:
        """Whether there is a discriminator on features."""
        return (
            self.adversarial is not None and self.adversarial.active and self.adversarial.kind == "features"
        )
