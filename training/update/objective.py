"""The losses of the generator (specification, sections 6.1, 6.2)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from training.losses.adversarial import generator_loss
from training.losses.cleaning import cleaning_target
from training.losses.discriminator import Discriminator
from training.losses.feature_discriminator import FeatureDiscriminator, Judge
from training.losses.frames import Evidence, FrameLosses, LossTerms
from training.losses.options import LossOptions
from training.losses.picks import picked
from training.losses.pixel import pixel_loss, temporal_loss
from training.model.generator import Restoration
from training.model.teacher import answer


class Clips(NamedTuple):
    """Clips as the losses need them, on the training device.

    Attributes:
        low: (N, T, 3, H, W), float32, 0-1.
        sharpened: (N, T, 3, 4H, 4W), float32, 0-1: the target of all losses except the adversarial on pixels.
        truth: (N, T, 3, 4H, 4W), float32, 0-1: the real frames of a discriminator on pixels.
    """

    low: Tensor
    sharpened: Tensor
    truth: Tensor


class Objective(nn.Module):
    """The generator's weighted losses of one restoration.

    Args:
        options: kinds and weights of the losses.
        frames: the losses on single frames; None omits them.
        teacher: network that restores single frames, (B, 3, H, W) to (B, 3, 4H, 4W); None if `frames` does
            not use it.
    """

    def __init__(
        self, options: LossOptions, frames: FrameLosses | None = None, teacher: nn.Module | None = None
    ) -> None:
        super().__init__()
        self._options = options
        self.frames = frames
        self.teacher = teacher

    def forward(
        self, result: Restoration, clips: Clips, judge: Judge | None, picks: Tensor | None = None
    ) -> LossTerms:
        """Compute the losses of a restoration; all are weighted except the adversarial.

        Args:
            result: restoration of the clips.
            clips: the clips with their targets.
            judge: a frozen discriminator, or None.
            picks: the frames for the losses on single frames (see `training.losses.picks`).
        """
        options, restored = self._options, result.restored
        losses = {"pixel": options.pixel_weight * pixel_loss(options.pixel, restored, clips.sharpened)}
        if options.cleaning_weight:
            target = cleaning_target(clips.sharpened)
            losses["cleaning"] = options.cleaning_weight * pixel_loss(
                options.cleaning, result.cleaned, target
            )
        if options.temporal and restored.shape[1] > 1:
            losses["temporal"] = options.temporal * temporal_loss(restored, clips.sharpened)
        terms = self._terms(restored, clips, judge, picks)
        return terms._replace(losses=losses | terms.losses)

    def real_features(self, clips: Clips, picks: Tensor | None) -> tuple[Tensor, ...]:
        """Compute the real input of a discriminator on features: the sharpened ground truth's features."""
        assert self.frames is not None
        return self.frames.evidence(picked(clips.sharpened, picks))

    def _terms(self, restored: Tensor, clips: Clips, judge: Judge | None, picks: Tensor | None) -> LossTerms:
        terms = LossTerms({})
        if self.frames is not None:
            terms = self.frames(
                picked(restored, picks),
                picked(clips.sharpened, picks),
                self._teacher_frames(picked(clips.low, picks)),
                judge if isinstance(judge, FeatureDiscriminator) else None,
            )
        if isinstance(judge, Discriminator):
            prediction = restored.flatten(0, 1)
            evidence = Evidence(clips.truth.flatten(0, 1), prediction.detach())
            return terms._replace(adversarial=generator_loss(judge(prediction)), evidence=evidence)
        return terms

    def _teacher_frames(self, low: Tensor) -> Tensor | None:
        """Compute the teacher's frames, as many at a time as for the losses."""
        if self.teacher is None:
            return None
        perceptual = self._options.perceptual
        return answer(self.teacher, low, at_once=(perceptual.frames_at_once if perceptual else 0) or len(low))
