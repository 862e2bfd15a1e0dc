"""The perceptual loss: distance between features of a VGG network (SPEC 6.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from training.backbones import Backbone, load
from training.losses.options import PerceptualOptions
from training.losses.pixel import l1

_LAYER_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 1.0)
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def perceptual_loss(options: PerceptualOptions) -> PerceptualLoss:
    """The loss with its backbone's weights, on the CPU.

    Raises:
        TrainingError: the weights are missing or wrong.
    """
    return PerceptualLoss(
        load(options.backbone, options.weights), options.frames_at_once, options.precision == "bf16"
    )


class PerceptualLoss(nn.Module):
    """Mean absolute difference of five layers' features, before their ReLU, weighted and summed.

    The layers are the last convolutions of VGG's five blocks, weighted .1, .1, 1, 1, 1. Neither the
    backbone nor the target gets gradients. In float32 also under autocast, unless bf16 is asked for.

    Args:
        backbone: a VGG network from `training.backbones`.
        frames_at_once: see `PerceptualOptions`.
        bf16: compute the features in bfloat16; distances stay float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, frames_at_once: int = 0, bf16: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self._frames_at_once = frames_at_once
        self._bf16 = bf16
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(3, 1, 1), persistent=False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The loss of restored frames.

        Args:
            prediction: (B, 3, H, W), RGB, 0-1, not clamped; any floating dtype; sides of 16 or more.
            target: of the same shape.

        Returns:
            A scalar, float32.

        Raises:
            TrainingError: the frames are too small for the backbone.
        """
        with torch.autocast(prediction.device.type, torch.bfloat16, enabled=self._bf16):
            if not 0 < self._frames_at_once < len(prediction):
                return self._distance(prediction, target)
            predictions = torch.split(prediction, self._frames_at_once)
            targets = torch.split(target, self._frames_at_once)
            sums = [
                len(one) * checkpoint(self._distance, one, other, use_reentrant=False)
                for one, other in zip(predictions, targets, strict=True)
            ]
            return torch.stack(sums).sum() / len(prediction)

    def _distance(self, prediction: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.backbone(self._normalised(target))
        features = self.backbone(self._normalised(prediction))
        pairs = zip(_LAYER_WEIGHTS, features, wanted, strict=True)
        return torch.stack(
            [weight * l1(feature.float(), want.float()) for weight, feature, want in pairs]
        ).sum()

    def _normalised(self, frames: Tensor) -> Tensor:
        return (frames.float() - self.mean) / self.std
