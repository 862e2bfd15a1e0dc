"""DISTS, deep image structure and texture similarity (Ding et al., 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsrealbasicvsr.evaluate.metrics.networks import Backbone
from vsrealbasicvsr.evaluate.metrics.packaged import packaged_backbone
from vsrealbasicvsr.evaluate.parameters import DISTS, locate
from vsrealbasicvsr.weights.untrusted_torch import read_torch

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_CHANNELS = (3, 64, 128, 256, 512, 512)
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class ChannelWeights:
    """Weights of the channels of the picture and of VGG-16's five layers; the sum of all weights is 1.

    Attributes:
        texture: weights of the channels' means, (1, C, 1, 1) each.
        structure: weights of their variances and covariance, of the same shapes.
    """

    texture: tuple[Tensor, ...]
    structure: tuple[Tensor, ...]


def channel_weights(device: str = "cpu") -> ChannelWeights:
    """Return the published weights.

    Raises:
        UnavailableError: the package that contains them is not installed.
    """
    weights = read_torch(locate(DISTS))
    assert isinstance(weights, dict)
    total = weights["alpha"].sum() + weights["beta"].sum()
    texture, structure = (
        (weights[name] / total).to(device).split(_CHANNELS, 1) for name in ("alpha", "beta")
    )
    return ChannelWeights(texture, structure)


def smoothly_pooled(vgg: Backbone) -> Backbone:
    """Return VGG-16 with the smooth pooling of DISTS; it shares the convolutions of `vgg`."""
    return vgg.with_layers(_L2Pool() if isinstance(layer, nn.MaxPool2d) else layer for layer in vgg.features)


class Dists:
    """Distance of structure and texture, from 0 to 1; 0 for equal pictures.

    Raises:
        UnavailableError: the weights are not installed.
    """

    def __init__(self, device: str = "cpu") -> None:
        vgg, _ = packaged_backbone("vgg16", device)
        self._vgg = smoothly_pooled(vgg)
        self._weights = channel_weights(device)
        self._mean, self._deviation = (
            torch.tensor(values, device=device).view(3, 1, 1) for values in (_MEAN, _DEVIATION)
        )

    @torch.no_grad()
    def __call__(self, one: Tensor, other: Tensor) -> float:
        """Return the distance of two frames, (3, H, W), uint8, RGB, with sides of 16 or more.

        Raises:
            UnavailableError: the frames are smaller.
        """
        weights = self._weights
        layers = zip(
            self._features(one), self._features(other), weights.texture, weights.structure, strict=True
        )
        return max(1 - sum(float(similarity(*layer)) for layer in layers), 0.0)

    def _features(self, frame: Tensor) -> list[Tensor]:
        picture = frame[None].to(self._mean) / 255
        return [picture, *map(F.relu, self._vgg((picture - self._mean) / self._deviation))]


class _L2Pool(nn.Module):
    """Halves features without aliasing: the root of the mean square under a Hann window of 3x3."""

    def forward(self, features: Tensor) -> Tensor:
        side = torch.hann_window(5, periodic=False, device=features.device)[1:-1]
        window = torch.outer(side, side)
        channels = features.shape[1]
        window = (window / window.sum()).expand(channels, 1, 3, 3)
        return (F.conv2d(features.square(), window, stride=2, padding=1, groups=channels) + 1e-12).sqrt()


def similarity(one: Tensor, other: Tensor, texture: Tensor, structure: Tensor) -> Tensor:
    """Return the contribution of one layer to the similarity of pictures.

    Args:
        one: (B, C, H, W).
        other: of the same shape.
        texture: weights of the channels' means, (1, C, 1, 1).
        structure: weights of their variances and covariance, (1, C, 1, 1).

    Returns:
        (B); the sum of both weights for equal layers.
    """
    mean_one, mean_other = (layer.mean((2, 3), keepdim=True) for layer in (one, other))
    spread_one = (one - mean_one).square().mean((2, 3), keepdim=True)
    spread_other = (other - mean_other).square().mean((2, 3), keepdim=True)
    common = (one * other).mean((2, 3), keepdim=True) - mean_one * mean_other
    light = (2 * mean_one * mean_other + _EPSILON) / (mean_one.square() + mean_other.square() + _EPSILON)
    detail = (2 * common + _EPSILON) / (spread_one + spread_other + _EPSILON)
    return (texture * light + structure * detail).sum((1, 2, 3))
