"""A discriminator on the features of a frozen VGG-16, after Projected GAN (Sauer et al., 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.losses.discriminator import Discriminator, SpectralConv2d

_LAYERS = slice(1, 4)  # of the backbone's five layers: 2_2, 3_3, 4_3
_CHANNELS = (128, 256, 512)
_SLOPE = 0.2
# Spectral norms keep slopes below 1. The gain brings logits to the range of the hinge losses' margin.
_GAIN = 4.0
_FLOOR = 0.05  # relative to the mean deviation: channels that hardly vary are not amplified too much


class FeatureDiscriminator(nn.Module):
    """A network that tells features of restored frames from those of real ones, in all places of 3 layers.

    Each layer has a head, which is trained; VGG-16 is not trained.

    The initial weights come from PyTorch's random generator, which the caller seeds. Before the first use,
    `fit` must set the scale of the features, which is part of the state dict.

    Args:
        mid_channels: channels of the heads.
    """

    def __init__(self, mid_channels: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(_Head(channels, mid_channels) for channels in _CHANNELS)

    @staticmethod
    def judged(features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the three layers to judge, of the five layers of VGG-16 features."""
        return tuple(features[_LAYERS])

    @property
    def fitted(self) -> bool:
        """Whether the scale of the features is set."""
        return all(bool((head.scale != 0).any()) for head in self._heads())

    @torch.no_grad()
    def fit(self, sums: Sequence[Tensor]) -> None:
        """Set each channel's scale to one over its deviation.

        Args:
            sums: sums of real features for each judged layer: results of `channel_sums`, added up.
        """
        for head, (count, total, squares) in zip(self._heads(), sums, strict=True):
            deviation = (squares / count - (total / count).square()).clamp(min=0).sqrt()
            scale = 1 / (deviation + _FLOOR * deviation.mean())
            head.scale.copy_(scale.view(1, -1, 1, 1))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Judge every place.

        Args:
            features: features of the three judged layers, before their ReLU: (B, 128, H/2, W/2),
                (B, 256, H/4, W/4) and (B, 512, H/8, W/8), any floating dtype.

        Returns:
            Logits, one channel in each layer's size, positive where features look real.
        """
        return [head(layer) for head, layer in zip(self.heads, features, strict=True)]

    def _heads(self) -> list[_Head]:
        return [head for head in self.heads if isinstance(head, _Head)]


Judge = Discriminator | FeatureDiscriminator


def channel_sums(features: Sequence[Tensor]) -> list[Tensor]:
    """Return count, sum and sum of squares of each channel, for `FeatureDiscriminator.fit`.

    Args:
        features: features of some frames, (B, C, H, W) each.

    Returns:
        (3, C) each, float64. They can be added over batches and processes.
    """
    sums = []
    for layer in features:
        values = layer.double().transpose(0, 1).flatten(1)
        count = torch.full_like(values[:, 0], values.shape[1])
        sums.append(torch.stack((count, values.sum(1), values.square().sum(1))))
    return sums


class _Head(nn.Module):
    """A head that judges each place of one layer's features."""

    scale: Tensor

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.zeros(1, channels, 1, 1))
        self.reduce = SpectralConv2d(channels, width, 1, padding=0, bias=True)
        self.look = SpectralConv2d(width, width, bias=True)
        self.judge = SpectralConv2d(width, 1, 1, padding=0, bias=True)
        for layer in (self.reduce, self.look, self.judge):
            layer.settle()  # the first use is in the generator's step, in evaluation mode: no iteration

    def forward(self, features: Tensor) -> Tensor:
        scaled = F.leaky_relu(features.float() * self.scale, _SLOPE)
        reduced = F.leaky_relu(self.reduce(scaled), _SLOPE)
        logits: Tensor = self.judge(F.leaky_relu(self.look(reduced), _SLOPE))
        return logits * _GAIN
