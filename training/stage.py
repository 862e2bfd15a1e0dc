"""The options of a training stage. The defaults are those of the released configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.data.options import DataOptions
from training.degradation.options import DegradationOptions
from training.losses.options import LossOptions
from training.options import require

Target = Literal["truth_area", "truth_bicubic", "teacher_area", "teacher_bicubic"]
"""Targets of a cleaning stage: the ground truth or a teacher's picture, reduced to the low size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceOptions:
    """The sources of pictures. Options of the command line, such as --data, override them.

    Attributes:
        data: folders with frame folders and video files.
        photos: folders of photographs, which become clips by synthetic camera motion.
        drawings: folders of pictures with transparency, which move over backgrounds.
        fonts: folders of font files, for text over backgrounds.
        validation: a folder to validate on; empty: no validation.
        pools: folders of ready samples. A cleaning stage uses only these; other stages do not use them.
    """

    data: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    drawings: tuple[str, ...] = ()
    fonts: tuple[str, ...] = ()
    validation: str = ""
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkOptions:
    """The generator and its initial weights (specification, sections 1, 4, 6.2).

    Attributes:
        mid_channels: channels of the trunks.
        propagation_blocks: residual blocks in each direction.
        cleaning_blocks: residual blocks of the cleaning network.
        init: initial weights: "random", a known name such as "bundled", or a file of weights or a checkpoint.
        fit: allow `init` to have other depths: the middle blocks of a deeper trunk are dropped, and a missing
            cleaning network starts as the identity. Without it, a difference is an error.
        flow: SPyNet: "init" uses that of `init`, or the bundled one if `init` is random; "random", or a name
            or file as above, replaces it. The released configuration once had a random frozen SPyNet, which
            was a mistake according to its author (specification, section 6.6).
        cleaning_init: the cleaning network: "init" uses that of `init`; a name or file as above replaces it
            by the cleaning network from there.
        train_flow: also train SPyNet (the paper). The released configuration keeps it frozen.
        cleaning: "trained" by every loss (the released code), "detached" from the perceptual and the
            adversarial loss (the paper's text), or "fixed" (the paper's appendix). Detached cleaning is
            trained only by the cleaning loss, the pixel loss and the temporal loss.
        cleaning_kind: "image", or "recurrent": the paper's ablation, which the filter cannot load.
        refinement_threshold: mean absolute residue, on the 0-255 scale, below which a frame is not cleaned
            again; 255 is one pass, as in the paper's training.
        max_passes: largest number of cleaning passes.
    """

    mid_channels: int = 64
    propagation_blocks: int = 20
    cleaning_blocks: int = 20
    init: str = "random"
    fit: bool = False
    flow: str = "init"
    cleaning_init: str = "init"
    train_flow: bool = False
    cleaning: Literal["trained", "detached", "fixed"] = "trained"
    cleaning_kind: Literal["image", "recurrent"] = "image"
    refinement_threshold: float = 255.0
    max_passes: int = 3

    def __post_init__(self) -> None:
        require(self.mid_channels >= 1, f"mid_channels must be 1 or more, not {self.mid_channels}.")
        require(self.propagation_blocks >= 1, "propagation_blocks must be 1 or more.")
        require(self.cleaning_blocks >= 0, "cleaning_blocks must be 0 or more.")
        require(
            bool(self.init and self.flow and self.cleaning_init),
            "init, flow and cleaning_init must name something.",
        )
        require(0 <= self.refinement_threshold <= 255, "refinement_threshold must lie between 0 and 255.")
        # The engine, which is used for validation, does not accept more than 100.
        require(1 <= self.max_passes <= 100, f"max_passes must be 1 to 100, not {self.max_passes}.")
        require(
            self.cleaning_kind == "image" or self.cleaning_blocks > 0,
            "recurrent cleaning needs cleaning_blocks of 1 or more.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CleaningOptions:
    """A cleaning stage: it trains only the cleaning network, on single frames at the low size.

    The result of every pass is compared with the same targets (`losses.cleaning` is the kind of loss). Each
    pass is trained only on its own result: no gradient reaches the passes before it. The targets are the
    ground truth or a teacher's picture, reduced by area or bicubically; each has a weight (paper section 3.2,
    Eq. 4, has the first).

    Attributes:
        passes: number of supervised passes.
        again: share of a pass's frames that the next pass gets.
        truth_area: weight of the ground truth reduced by area: the mean of each 4x4 pixels.
        truth_bicubic: weight of the ground truth reduced bicubically.
        teacher_area: weight of the teacher's picture reduced by area.
        teacher_bicubic: weight of the teacher's picture reduced bicubically.
        features: the target of the losses on VGG features (`losses.perceptual`, and a discriminator on
            features), which get frames at twice the low size. They use `losses.perceptual.frames` frames of a
            batch; 0 is all.
    """

    passes: int = 3
    again: float = 0.25
    truth_area: float = 0.0
    truth_bicubic: float = 1.0
    teacher_area: float = 0.0
    teacher_bicubic: float = 0.0
    features: Target = "truth_bicubic"

    def __post_init__(self) -> None:
        require(1 <= self.passes <= 100, f"passes must be 1 to 100, not {self.passes}.")
        require(0 < self.again <= 1, f"again must lie above 0 and be at most 1, not {self.again}.")
        require(
            min(self.weights.values()) >= 0 and max(self.weights.values()) > 0,
            "the weights of truth and teacher must be 0 or more, and one of them above 0.",
        )

    @property
    def weights(self) -> dict[Target, float]:
        """The weight of each target."""
        return {
            "truth_area": self.truth_area, "truth_bicubic": self.truth_bicubic,
            "teacher_area": self.teacher_area, "teacher_bicubic": self.teacher_bicubic,
        }  # fmt: skip

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets that are used: those with a weight above 0, and that of the losses on features."""
        return tuple(name for name, weight in self.weights.items() if weight or name == self.features)


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerOptions:
    """Adam with a constant learning rate (specification, section 6.5), or with a schedule.

    Attributes:
        learning_rate: highest learning rate of the generator.
        betas: betas of the generator's and the discriminator's Adam.
        warmup: iterations over which the learning rates rise linearly from 0.
        schedule: "constant", or "cosine": the rates fall to 0 at the end of the stage, along half a cosine.
        clip_norm: the generator's gradient is shortened to this length; 0 does not change it.
        precision: bf16 runs cleaning, trunks, reconstruction and discriminator under autocast; flow,
            losses and weights stay fp32.
        average: decay of the moving average of the weights, per iteration.
        skips_allowed: largest number of iterations in a row with a loss or gradient that is not finite. With
            more, the run ends.
    """

    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    warmup: int = 0
    schedule: Literal["constant", "cosine"] = "constant"
    clip_norm: float = 0.0
    precision: Literal["fp32", "bf16"] = "fp32"
    average: float = 0.999
    skips_allowed: int = 20

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "learning_rate must be above 0.")
        require(all(0 <= beta < 1 for beta in self.betas), "betas must lie between 0 and 1.")
        require(self.warmup >= 0 and self.clip_norm >= 0, "warmup and clip_norm must be 0 or more.")
        require(0 <= self.average < 1, "average must lie between 0 and 1.")
        require(self.skips_allowed >= 0, "skips_allowed must be 0 or more.")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordOptions:
    """The records of a run and their intervals, in iterations.

    Attributes:
        losses: interval of lines of losses.
        pictures: interval of sample pictures; 0 writes none.
        checkpoint: interval of checkpoints, each with a validation.
        keep: number of newest checkpoints to keep, in addition to the best one; 0 keeps all.
        best: the measure that chooses the best checkpoint.
        validation_frames: largest number of frames of each validation clip; 0 uses all.
        tensorboard: write event files of TensorBoard in addition to the CSV.
    """

    losses: int = 100
    pictures: int = 1_000
    checkpoint: int = 5_000
    keep: int = 3
    best: Literal["psnr", "ssim", "lpips"] = "psnr"
    validation_frames: int = 30
    tensorboard: bool = True

    def __post_init__(self) -> None:
        require(self.losses >= 1 and self.checkpoint >= 1, "losses and checkpoint must be 1 or more.")
        require(
            min(self.pictures, self.keep, self.validation_frames) >= 0,
            "pictures, keep and validation_frames must be 0 or more.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A whole stage. Its TOML file has these names; an unknown name is an error.

    Attributes:
        iterations: number of iterations of the whole stage.
        batch: clips per iteration, over all processes.
        accumulation: number of parts in which each process computes its share of the batch, to save memory.
        seed: random seed of all samples and all random weights.
        cleaning: options of a cleaning stage, which is trained on `sources.pools`; None trains on clips.
    """

    iterations: int
    batch: int = 16
    accumulation: int = 1
    seed: int = 0
    sources: SourceOptions = SourceOptions()
    data: DataOptions = DataOptions()
    degradation: DegradationOptions = DegradationOptions()
    network: NetworkOptions = NetworkOptions()
    losses: LossOptions = LossOptions()
    optimizer: OptimizerOptions = OptimizerOptions()
    record: RecordOptions = RecordOptions()
    cleaning: CleaningOptions | None = None

    def __post_init__(self) -> None:
        require(self.iterations >= 1, "iterations must be 1 or more.")
        require(self.batch >= 1 and self.accumulation >= 1, "batch and accumulation must be 1 or more.")
        require(self.seed >= 0, "seed must be 0 or more.")
        if self.cleaning is not None:
            require(
                self.network.cleaning_blocks > 0 and self.network.cleaning_kind == "image",
                "A cleaning stage needs network.cleaning_blocks of 1 or more, and cleaning_kind image.",
            )
            adversarial = self.losses.adversarial
            require(
                adversarial is None or not adversarial.active or self.losses.judges_features,
                'A cleaning stage plays against features: set losses.adversarial.kind = "features".',
            )
            require(
                self.losses.teacher is None,
                "A cleaning stage takes its teacher from the pool: leave losses.teacher out.",
            )
