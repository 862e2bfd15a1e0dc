"""Losses on single frames through networks, for all kinds of training stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from training.losses.adversarial import hinge_generator_loss
from training.losses.dists import DistsDistance, load_dists
from training.losses.feature_discriminator import FeatureDiscriminator
from training.losses.features import Features, load_features
from training.losses.lpips import LpipsDistance, load_lpips
from training.losses.options import LossOptions, PerceptualOptions, TeacherOptions
from training.losses.perceptual import perceptual_distance
from training.losses.pixel import l1


class Evidence(NamedTuple):
    """The input of the discriminator's own step, without gradients: frames, or features of three layers.

    Attributes:
        real: from the ground truth.
        fake: from the restored frames.
    """

    real: Any
    fake: Any


class LossTerms(NamedTuple):
    """The losses of some frames.

    Attributes:
        losses: weighted losses by name; scalars, float32.
        adversarial: the generator's adversarial term, not weighted; None without a discriminator.
        evidence: input of the discriminator's own step; None without a discriminator.
    """

    losses: dict[str, Tensor]
    adversarial: Tensor | None = None
    evidence: Evidence | None = None


def load_frame_losses(options: LossOptions) -> FrameLosses:
    """Load the losses with the weights of their networks, on the CPU.

    Raises:
        TrainingError: weights are missing or wrong.
    """
    perceptual, teacher = options.perceptual, options.teacher
    if perceptual is None or not options.look_at_features:
        return FrameLosses(options)
    features = load_features(perceptual)
    lpips = load_lpips() if perceptual.lpips or (teacher and teacher.lpips) else None
    dists = load_dists(features) if perceptual.dists else None
    return FrameLosses(options, features, lpips, dists)


class FrameLosses(nn.Module):
    """Weighted losses of predicted frames against their targets. Each loss compares single frames.

    The features of predictions and of targets are computed once for all losses that use them. Only the
    predictions get gradients. Distances are computed in float32, also under autocast.

    Args:
        options: `perceptual` and `teacher` are read.
        features: the VGG features; None if no loss uses features.
        lpips: the LPIPS distance; None omits it.
        dists: the DISTS distance; None omits it.
    """

    def __init__(
        self,
        options: LossOptions,
        features: Features | None = None,
        lpips: LpipsDistance | None = None,
        dists: DistsDistance | None = None,
    ) -> None:
        super().__init__()
        self._options = options.perceptual or PerceptualOptions(weight=0.0)
        self._teacher = options.teacher or TeacherOptions()
        self.features = features
        self.lpips = lpips
        self.dists = dists

    def forward(
        self,
        prediction: Tensor,
        target: Tensor,
        teacher_frames: Tensor | None = None,
        judge: FeatureDiscriminator | None = None,
    ) -> LossTerms:
        """Compute the losses of some frames, each as the mean over frames.

        Args:
            prediction: (B, 3, H, W), RGB, 0-1, not clamped; any floating dtype; sides of 16 or more.
            target: target frames of the same shape.
            teacher_frames: the teacher's frames, of the same shape; None omits the losses against them.
            judge: a fitted discriminator on features, frozen and in evaluation mode, so that it has not
                changed when frames are computed a second time in the backward pass.

        Raises:
            UnavailableError: the frames are too small for the backbone.
        """
        count = self._options.frames_at_once or len(prediction)
        if count >= len(prediction):
            return self._terms(prediction, target, teacher_frames, judge)
        predictions, targets = torch.split(prediction, count), torch.split(target, count)
        answers = [None] * len(targets) if teacher_frames is None else torch.split(teacher_frames, count)
        terms = [
            checkpoint(self._terms, *part, judge, use_reentrant=False)
            for part in zip(predictions, targets, answers, strict=True)
        ]
        return _mean(terms, [len(part) / len(prediction) for part in predictions])

    @torch.no_grad()
    def evidence(self, target: Tensor) -> tuple[Tensor, ...]:
        """Compute the features of target frames (B, 3, H, W) that a discriminator on features judges."""
        parts = torch.split(target, self._options.frames_at_once or len(target))
        return _joined([self._judged(part) for part in parts])

    def _terms(
        self,
        prediction: Tensor,
        target: Tensor,
        teacher_frames: Tensor | None,
        judge: FeatureDiscriminator | None,
    ) -> LossTerms:
        losses = {}
        if teacher_frames is not None and self._teacher.pixel:
            losses["teacher_pixel"] = self._teacher.pixel * l1(prediction, teacher_frames)
        if self.features is None:
            return LossTerms(losses)
        predicted = self.features(prediction)
        with torch.no_grad():
            target_features = self.features(target)
        losses |= self._compared(predicted, target_features, self._options.weight, self._options.lpips)
        if self.dists is not None:
            losses["dists_loss"] = self._options.dists * self.dists(prediction, target)
        if teacher_frames is not None and self._teacher.looks_at_features:
            losses |= self._against_the_teacher(predicted, teacher_frames)
        if judge is None:
            return LossTerms(losses)
        judged = judge.judged(predicted)
        evidence = Evidence(judge.judged(target_features), tuple(layer.detach() for layer in judged))
        return LossTerms(losses, hinge_generator_loss(judge(judged)), evidence)

    def _against_the_teacher(self, predicted: Sequence[Tensor], teacher_frames: Tensor) -> dict[str, Tensor]:
        assert self.features is not None
        with torch.no_grad():
            answer = self.features(teacher_frames)
        losses = self._compared(predicted, answer, self._teacher.perceptual, self._teacher.lpips)
        return {f"teacher_{name.removesuffix('_loss')}": loss for name, loss in losses.items()}

    def _compared(
        self, predicted: Sequence[Tensor], targets: Sequence[Tensor], perceptual: float, lpips: float
    ) -> dict[str, Tensor]:
        losses = {}
        if perceptual:
            losses["perceptual"] = perceptual * perceptual_distance(predicted, targets)
        if lpips and self.lpips is not None:
            losses["lpips_loss"] = lpips * self.lpips(predicted, targets)
        return losses

    def _judged(self, frames: Tensor) -> tuple[Tensor, ...]:
        assert self.features is not None
        return FeatureDiscriminator.judged(self.features(frames))


def _mean(terms: Sequence[LossTerms], shares: Sequence[float]) -> LossTerms:
    """Combine parts of a batch; each part is weighted by its share of the frames."""

    def mean(values: Sequence[Tensor]) -> Tensor:
        return torch.stack([share * value for share, value in zip(shares, values, strict=True)]).sum()

    losses = {name: mean([term.losses[name] for term in terms]) for name in terms[0].losses}
    adversarial = [term.adversarial for term in terms if term.adversarial is not None]
    evidence = [term.evidence for term in terms if term.evidence is not None]
    return LossTerms(
        losses,
        mean(adversarial) if adversarial else None,
        Evidence(*(_joined(side) for side in zip(*evidence, strict=True))) if evidence else None,
    )


def _joined(parts: Sequence[Sequence[Tensor]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(layer) for layer in zip(*parts, strict=True))
