"""LPIPS, learned perceptual image patch similarity, version 0.1 (Zhang et al., 2018, Eq. 1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.evaluate.metrics.packaged import PackagedName, packaged_backbone

# The published values: ImageNet's mean and deviation for pictures from -1 to 1, rounded.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10


class Lpips:
    """Perceptual distance of two pictures: 0 for equal pictures, about 0.7 for very different ones.

    Args:
        device: the device that computes it.
        network: the backbone: AlexNet, which papers report, or VGG-16.

    Raises:
        UnavailableError: the weights are not installed.
    """

    def __init__(self, device: str = "cpu", network: PackagedName = "alexnet") -> None:
        self._backbone, self._heads = packaged_backbone(network, device)
        self._shift, self._scale = (
            torch.tensor(values, device=device).view(3, 1, 1) for values in (_SHIFT, _SCALE)
        )

    @torch.no_grad()
    def __call__(self, one: Tensor, other: Tensor) -> float:
        """Return the distance of two frames, (3, H, W), RGB, of whole numbers 0-255, on any device.

        Raises:
            UnavailableError: the frames are smaller than 31x31, or than 16x16 for VGG-16.
        """
        with torch.autocast(self._shift.device.type, enabled=False):
            layers = zip(self._features(one), self._features(other), self._heads, strict=True)
            return sum(float(((a - b).square() * head).sum(1).mean()) for a, b, head in layers)

    def _features(self, frame: Tensor) -> list[Tensor]:
        pictures = (frame.to(self._shift) / 127.5 - 1 - self._shift) / self._scale
        return [_unit(F.relu(layer)) for layer in self._backbone(pictures[None])]


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + _EPSILON)
