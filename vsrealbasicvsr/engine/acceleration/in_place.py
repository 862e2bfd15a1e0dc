"""The network's trunks and reconstruction with activations and sums in place, for inference.

On a CPU a new tensor may cost more than the activation in it, for the system gives it memory page by page.
The bits are the same.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsrealbasicvsr.network.basicvsr import SLOPE, BasicVSR
from vsrealbasicvsr.network.layers import ResidualBlock, Trunk


def trunk_in_place(trunk: Trunk, x: Tensor) -> Tensor:
    """What `trunk(x)` gives; `x`, (N, in_channels, H, W), is left as it is."""
    first, activation, blocks = trunk.main
    features = F.leaky_relu_(first(x), cast(nn.LeakyReLU, activation).negative_slope)
    for block in cast(nn.Sequential, blocks):
        residue = F.relu_(cast(ResidualBlock, block).conv1(features))
        features = cast(Tensor, cast(ResidualBlock, block).conv2(residue)).add_(features)
    return features


def detail_in_place(basicvsr: BasicVSR, backward: Tensor, forward: Tensor) -> Tensor:
    """What `basicvsr.detail(backward, forward)` gives, (N, 3, 4H, 4W)."""
    x = F.leaky_relu_(basicvsr.fusion(torch.cat((backward, forward), dim=1)), SLOPE)
    x = F.leaky_relu_(basicvsr.upsample1(x), SLOPE)
    x = F.leaky_relu_(basicvsr.upsample2(x), SLOPE)
    detail: Tensor = basicvsr.conv_last(F.leaky_relu_(basicvsr.conv_hr(x), SLOPE))
    return detail
