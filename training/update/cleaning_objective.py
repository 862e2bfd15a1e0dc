"""The losses of a pass of a cleaning stage, at the low size (paper section 3.2, Eq. 4, and more)."""

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

_ENLARGED = 2  # VGG's layers are made for larger pictures; at the low size they hardly detect edges


class CleaningObjective(nn.Module):
    """The weighted losses of frames after a pass.

    Args:
        cleaning: the targets and their weights.
        losses: `cleaning` is the kind of pixel loss; `perceptual.frames` is the number of frames of a batch
            for the losses on features.
        frames: the losses on features; None omits them.
    """

    def __init__(self, cleaning: CleaningOptions, losses: LossOptions, frames: FrameLosses | None) -> None:
        super().__init__()
        self._cleaning = cleaning
        self._losses = losses
        self.frames = frames

    def forward(
        self, cleaned: Tensor, targets: Mapping[Target, Tensor], judge: FeatureDiscriminator | None
    ) -> LossTerms:
        """Compute the losses of one pass, as means over its frames.

        Args:
            cleaned: (B, 3, S, S), not clamped.
            targets: B frames or more of each; the first B belong to `cleaned`.
            judge: a frozen discriminator on features, or None.
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
            terms = self.frames(_enlarged(cleaned[:seen]), self._feature_targets(targets, seen), None, judge)
        return terms._replace(losses={"cleaning": torch.stack(distances).sum()} | terms.losses)

    def real_features(self, targets: Mapping[Target, Tensor], count: int) -> tuple[Tensor, ...]:
        """Compute the real input of a discriminator: the features of the first frames' target."""
        assert self.frames is not None
        return self.frames.evidence(self._feature_targets(targets, self.looked_at(count)))

    def looked_at(self, count: int) -> int:
        """Return the number of frames, from the first, that the losses on features use out of `count`."""
        limit = self._losses.perceptual.frames if self._losses.perceptual else 0
        return min(limit or count, count)

    def _feature_targets(self, targets: Mapping[Target, Tensor], count: int) -> Tensor:
        return _enlarged(targets[self._cleaning.features][:count])


def _enlarged(frames: Tensor) -> Tensor:
    return F.interpolate(frames, scale_factor=_ENLARGED, mode="bilinear", align_corners=False)
