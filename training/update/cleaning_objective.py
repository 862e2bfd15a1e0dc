"""What a pass of a cleaning stage minimises, at the low size (paper section 3.2, Eq. 4, and beyond it)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.losses.feature_discriminator import FeatureDiscriminator
from training.losses.frames import FrameLosses, LossTerms
from training.losses.options import LossOptions
from training.losses.pixel import pixel_loss
from training.stage import CleaningOptions, Target

_ENLARGED = 2  # VGG's layers were made for larger pictures: at the low size they see hardly an edge


class CleaningObjective(nn.Module):
    """The weighted losses of frames after a pass.

    Args:
        cleaning: the targets and their weights.
        losses: `cleaning` says how pixels are compared, `perceptual.frames` how many frames of a batch the
            losses on features look at.
        frames: the losses on features; None leaves them out.
    """

    def __init__(self, cleaning: CleaningOptions, losses: LossOptions, frames: FrameLosses | None) -> None:
        super().__init__()
        self._cleaning = cleaning
        self._losses = losses
        self.frames = frames

    def forward(
        self, cleaned: Tensor, targets: Mapping[Target, Tensor], judge: FeatureDiscriminator | None
    ) -> LossTerms:
        """The losses of one pass, the mean over its frames.

        Args:
            cleaned: (B, 3, S, S), not clamped.
            targets: B frames or more of each, of which the first B are the cleaned ones'.
            judge: a discriminator on features, frozen.
        """
        count, weights = len(cleaned), self._cleaning.weights
        distances = [
            weights[name] * pixel_loss(self._losses.cleaning, cleaned, target[:count])
            for name, target in targets.items()
            if weights[name]
        ]
        terms = LossTerms({})
        if self.frames is not None:
            seen = self.looked_at(count)
            terms = self.frames(_enlarged(cleaned[:seen]), self._wanted(targets, seen), None, judge)
        return terms._replace(losses={"cleaning": torch.stack(distances).sum()} | terms.losses)

    def real_features(self, targets: Mapping[Target, Tensor], count: int) -> tuple[Tensor, ...]:
        """What a discriminator takes for real: the features of the first frames' target."""
        assert self.frames is not None
        return self.frames.evidence(self._wanted(targets, self.looked_at(count)))

    def looked_at(self, count: int) -> int:
        """How many of so many frames the losses on features look at: the first ones."""
        wanted = self._losses.perceptual.frames if self._losses.perceptual else 0
        return min(wanted or count, count)

    def _wanted(self, targets: Mapping[Target, Tensor], count: int) -> Tensor:
        return _enlarged(targets[self._cleaning.features][:count])


def _enlarged(frames: Tensor) -> Tensor:
    return F.interpolate(frames, scale_factor=_ENLARGED, mode="bilinear", align_corners=False)
