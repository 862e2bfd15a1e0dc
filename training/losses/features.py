"""VGG features of frames, which several losses compare."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.backbones import Backbone, load
from training.losses.options import PerceptualOptions

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def load_features(options: PerceptualOptions) -> Features:
    """Load the features with their backbone's weights, on the CPU.

    Raises:
        TrainingError: the weights are missing or wrong.
    """
    return Features(load(options.backbone, options.weights), options.precision == "bf16")


class Features(nn.Module):
    """The last convolutions of VGG's five blocks, before their ReLU. The backbone gets no gradients.

    They are computed in float32 also under autocast, unless `bf16` is set.

    Args:
        backbone: a VGG network from `training.backbones`.
        bf16: compute in bfloat16.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, bf16: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self.bf16 = bf16
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(3, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """Compute the features of frames.

        Args:
            frames: (B, 3, H, W), RGB, 0-1, not clamped; any floating dtype; sides of 16 or more.

        Returns:
            Five layers, (B, C, H', W') each, float32 or bfloat16.

        Raises:
            UnavailableError: the frames are too small for the backbone.
        """
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=self.bf16):
            layers: list[Tensor] = self.backbone((frames.float() - self.mean) / self.std)
        return layers
