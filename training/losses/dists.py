"""DISTS as a loss (Ding et al., 2020): the distance of the metric, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.errors import TrainingError
from training.losses.features import Features
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import reason_of
from vsrealbasicvsr.evaluate.metrics.dists import (
    ChannelWeights,
    channel_weights,
    similarity,
    smoothly_pooled,
)


def load_dists(features: Features) -> DistsDistance:
    """Load the distance with the published channel weights, on the CPU.

    Args:
        features: features whose VGG-16 is used; its weights are shared.

    Raises:
        TrainingError: the package with the channel weights is not installed.
    """
    try:
        return DistsDistance(features, channel_weights())
    except UnavailableError as error:
        raise TrainingError(f"losses.perceptual.dists: {reason_of(error)}.") from error


class DistsDistance(nn.Module):
    """Distance of structure and texture, 0 to 1; 0 for equal frames.

    It uses VGG-16 with another pooling than the perceptual loss, and so computes its own features.

    Args:
        features: features whose convolutions and precision are used.
        weights: weights of the channels.
    """

    def __init__(self, features: Features, weights: ChannelWeights) -> None:
        super().__init__()
        self._features = Features(smoothly_pooled(features.backbone), features.bf16)
        self._layers = len(weights.texture)
        for index, pair in enumerate(zip(weights.texture, weights.structure, strict=True)):
            for name, weight in zip(("texture", "structure"), pair, strict=True):
                self.register_buffer(f"{name}_{index}", weight, persistent=False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the mean distance of frames.

        Args:
            prediction: (B, 3, H, W), RGB, 0-1, not clamped; any floating dtype; sides of 16 or more.
            target: target frames of the same shape; they get no gradients.

        Returns:
            A scalar, float32.
        """
        with torch.no_grad():
            target_layers = self._layered(target)
        layers = zip(self._layered(prediction), target_layers, *self._weights(), strict=True)
        return 1 - torch.stack([similarity(*layer).mean() for layer in layers]).sum()

    def _layered(self, frames: Tensor) -> list[Tensor]:
        return [frames.float(), *(F.relu(layer.float()) for layer in self._features(frames))]

    def _weights(self) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        texture, structure = (
            [self.get_buffer(f"{name}_{index}") for index in range(self._layers)]
            for name in ("texture", "structure")
        )
        return texture, structure
