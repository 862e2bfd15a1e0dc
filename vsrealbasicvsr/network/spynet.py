"""SPyNet: coarse-to-fine optical flow (specification, section 2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsrealbasicvsr.network.layers import initialise_kaiming, warp

LEVELS = 6
MULTIPLE = 1 << (LEVELS - 1)


class ConvolutionLayer(nn.Module):
    """A 7x7 convolution, with the state-dict key `conv` as in the checkpoints."""

    def __init__(self, in_channels: int, out_channels: int, *, activate: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 7, padding=3)
        self.activate = activate
        initialise_kaiming(self.conv, fan="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        y: Tensor = self.conv(x)
        return F.relu(y) if self.activate else y


class PyramidLevel(nn.Module):
    """The correction of the flow at one resolution, from reference, warped support and current flow."""

    def __init__(self) -> None:
        super().__init__()
        widths = (8, 32, 64, 32, 16, 2)
        self.basic_module = nn.Sequential(
            *(
                ConvolutionLayer(widths[i], widths[i + 1], activate=i + 2 < len(widths))
                for i in range(len(widths) - 1)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 8, H, W) to (N, 2, H, W)."""
        correction: Tensor = self.basic_module(x)
        return correction


class SPyNet(nn.Module):
    """SPyNet: the optical flow from one frame to another."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.basic_module = nn.ModuleList(PyramidLevel() for _ in range(LEVELS))

    def forward(self, reference: Tensor, support: Tensor) -> Tensor:
        """Compute the flow that aligns `support` with `reference`, at any size from 1x1.

        Specification, sections 2.1 and 2.2.

        Args:
            reference: (N, 3, H, W), RGB, 0-1.
            support: (N, 3, H, W), RGB, 0-1.

        Returns:
            (N, 2, H, W), (x, y) in pixels: `support` sampled at x + flow looks like `reference`.
        """
        height, width = reference.shape[-2:]
        padded = (_round_up(height), _round_up(width))
        # flow is always float32 (docs/decisions.md, "Arithmetic and speed")
        with torch.autocast(reference.device.type, enabled=False):
            flow = self._pyramid_flow(_resize(reference, padded), _resize(support, padded))
        flow = _resize(flow, (height, width))
        return torch.cat((flow[:, :1] * (width / padded[1]), flow[:, 1:] * (height / padded[0])), dim=1)

    def _pyramid_flow(self, reference: Tensor, support: Tensor) -> Tensor:
        """Compute the flow at a size that is a multiple of 32, from coarse to fine (specification 2.3)."""
        references = [(reference - self.mean) / self.std]
        supports = [(support - self.mean) / self.std]
        for _ in range(LEVELS - 1):
            references.append(F.avg_pool2d(references[-1], 2))
            supports.append(F.avg_pool2d(supports[-1], 2))
        batch, _, height, width = references[-1].shape
        flow = reference.new_zeros(batch, 2, height, width)
        levels = zip(self.basic_module, reversed(references), reversed(supports), strict=True)
        for index, (level, ref, sup) in enumerate(levels):
            if index:
                flow = 2.0 * F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
            # grid_sample's backward pass crashes on the CPU with NaN. The sum below keeps the flow's NaN.
            warped = warp(sup, flow.nan_to_num(), padding="border")
            flow = flow + level(torch.cat((ref, warped, flow), dim=1))
        return flow


def _round_up(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
