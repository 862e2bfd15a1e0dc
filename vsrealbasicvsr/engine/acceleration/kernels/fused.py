"""The network's trunks and its reconstruction with kernels between the convolutions."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsrealbasicvsr.engine.acceleration.kernels.convolution import (
    add_bias_and_activate,
    add_bias_and_skip,
    shuffle_and_activate,
)
from vsrealbasicvsr.engine.acceleration.kernels.launch import channels_last
from vsrealbasicvsr.network.basicvsr import SLOPE, BasicVSR
from vsrealbasicvsr.network.layers import ResidualBlock, Trunk


def fused_trunk(trunk: Trunk, x: Tensor) -> Tensor:
    """What `trunk(x)` gives, up to the order of sums and the rounding between a convolution and its bias.

    Args:
        trunk: on the device of `x`, in its dtype.
        x: (N, in_channels, H, W), left as it is.

    Returns:
        (N, channels, H, W), channels-last.
    """
    first, activation, blocks = trunk.main
    features = _convolved_and_activated(first, x, cast(nn.LeakyReLU, activation).negative_slope)
    for block in cast(nn.Sequential, blocks):
        assert isinstance(block, ResidualBlock)
        residue = _convolved_and_activated(block.conv1, features, 0.0)
        convolved, bias = _convolved(block.conv2, residue)
        features = add_bias_and_skip(convolved, bias, features)
    return features


def fused_detail(basicvsr: BasicVSR, backward: Tensor, forward: Tensor) -> Tensor:
    """What `basicvsr.detail` gives, up to the order of sums and the rounding before a bias.

    Args:
        basicvsr: on the device of the features, in their dtype.
        backward: (N, C, H, W), features of the backward pass.
        forward: (N, C, H, W), features of the forward pass.

    Returns:
        (N, 3, 4H, 4W), channels-last.
    """
    x = _convolved_and_activated(basicvsr.fusion, torch.cat((backward, forward), dim=1), SLOPE)
    for stage in (basicvsr.upsample1, basicvsr.upsample2):
        x = shuffle_and_activate(*_convolved(stage.upsample_conv, x), SLOPE)
    x = _convolved_and_activated(basicvsr.conv_hr, x, SLOPE)
    detail: Tensor = basicvsr.conv_last(x)
    return detail


def _convolved_and_activated(convolution: nn.Module, x: Tensor, slope: float) -> Tensor:
    return add_bias_and_activate(*_convolved(convolution, x), slope)


def _convolved(convolution: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The convolution without its bias, channels-last, and the bias."""
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    assert isinstance(convolution.padding, tuple)
    # The conversions copy nothing where a library does as it is asked.
    convolved = F.conv2d(channels_last(x), convolution.weight, padding=convolution.padding)
    return channels_last(convolved), convolution.bias
