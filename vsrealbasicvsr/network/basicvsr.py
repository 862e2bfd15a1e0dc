"""Bidirectional propagation and reconstruction (specification 3), in steps that other modules can call."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsrealbasicvsr.network.layers import MID_CHANNELS, Trunk, initialise_kaiming, warp
from vsrealbasicvsr.network.spynet import SPyNet

SCALE = 4
SLOPE = 0.1
"""Negative slope of the leaky ReLUs in reconstruction."""


class PixelShuffle(nn.Module):
    """Upsampling by 2: a convolution and a pixel shuffle."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.upsample_conv = nn.Conv2d(in_channels, out_channels * 4, 3, padding=1)
        initialise_kaiming(self.upsample_conv)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample (N, in_channels, H, W) to (N, out_channels, 2H, 2W)."""
        return F.pixel_shuffle(self.upsample_conv(x), 2)


class BasicVSR(nn.Module):
    """BasicVSR: flow, propagation and x4 reconstruction of cleaned frames."""

    def __init__(self, mid_channels: int, num_propagation_blocks: int) -> None:
        super().__init__()
        self.mid_channels = mid_channels
        self.spynet = SPyNet()
        self.backward_resblocks = Trunk(mid_channels + 3, mid_channels, num_propagation_blocks)
        self.forward_resblocks = Trunk(mid_channels + 3, mid_channels, num_propagation_blocks)
        self.fusion = nn.Conv2d(mid_channels * 2, mid_channels, 1)
        self.upsample1 = PixelShuffle(mid_channels, mid_channels)
        self.upsample2 = PixelShuffle(mid_channels, MID_CHANNELS)
        self.conv_hr = nn.Conv2d(MID_CHANNELS, MID_CHANNELS, 3, padding=1)
        self.conv_last = nn.Conv2d(MID_CHANNELS, 3, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Restore cleaned frames as one shot.

        Args:
            frames: (N, T, 3, H, W), RGB, 0-1.

        Returns:
            (N, T, 3, 4H, 4W), not clamped.
        """
        length = frames.shape[1]
        to_previous, to_next = self.flows(frames)
        features: Tensor | None = None
        backward: list[Tensor] = []
        for i in reversed(range(length)):
            flow = to_previous[:, i] if features is not None else None
            features = self.propagate(self.backward_resblocks, frames[:, i], features, flow)
            backward.append(features)
        features = None
        restored = []
        for i in range(length):
            flow = to_next[:, i - 1] if features is not None else None
            features = self.propagate(self.forward_resblocks, frames[:, i], features, flow)
            restored.append(self.reconstruct(frames[:, i], backward[length - 1 - i], features))
        return torch.stack(restored, dim=1)

    def flows(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return the flow between neighbouring frames in both directions.

        Mirrored clips need no special case, because their forward flow is the flow of the same pairs again.

        Args:
            frames: (N, T, 3, H, W), RGB, 0-1.

        Returns:
            Two tensors (N, T - 1, 2, H, W). Entry i of the first aligns frame i + 1 with frame i (backward
            propagation); entry i of the second aligns frame i with frame i + 1 (forward propagation).
        """
        n, t, _, h, w = frames.shape
        if t == 1:
            none = frames.new_zeros(n, 0, 2, h, w)
            return none, none
        first, second = frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1)
        shape = (n, t - 1, 2, h, w)
        return self.spynet(first, second).view(shape), self.spynet(second, first).view(shape)

    def propagate(
        self, trunk: nn.Module, frame: Tensor, features: Tensor | None, flow: Tensor | None
    ) -> Tensor:
        """Compute one step of propagation in either direction.

        Args:
            trunk: `backward_resblocks` or `forward_resblocks`.
            frame: (N, 3, H, W), the frame of this step.
            features: (N, C, H, W), features of the frame before in this direction; None where a shot starts.
            flow: (N, 2, H, W), float32, aligns the features with `frame`; None where a shot starts.

        Returns:
            (N, C, H, W) features of this frame.
        """
        return self.arrive(trunk, frame, self.align(frame, features, flow))

    def align(
        self, frame: Tensor, features: Tensor | None, flow: Tensor | None, rows: Tensor | None = None
    ) -> Tensor:
        """Compute the first half of `propagate`: features (N, C, H, W) aligned with `frame`, in its dtype.

        With `rows` (see `warp`), frame, flow and result are a strip of the picture.
        """
        if features is None or flow is None:
            return frame.new_zeros(len(frame), self.mid_channels, *frame.shape[-2:])
        return warp(features, flow, rows=rows).to(frame.dtype)

    @staticmethod
    def arrive(trunk: nn.Module, frame: Tensor, aligned: Tensor) -> Tensor:
        """Compute the second half of `propagate`, which has only convolutions."""
        arrived: Tensor = trunk(torch.cat((frame, aligned), dim=1))
        return arrived

    def reconstruct(self, frame: Tensor, backward: Tensor, forward: Tensor) -> Tensor:
        """Compute the x4 picture from the features.

        Args:
            frame: (N, 3, H, W), the cleaned frame.
            backward: (N, C, H, W), features of the backward pass.
            forward: (N, C, H, W), features of the forward pass.

        Returns:
            (N, 3, 4H, 4W): the sum of the learned detail and the bilinearly enlarged frame.
        """
        return self.detail(backward, forward) + enlarge(frame)

    def detail(self, backward: Tensor, forward: Tensor) -> Tensor:
        """Compute the learned part of reconstruction alone, (N, 3, 4H, 4W)."""
        x = _leaky(self.fusion(torch.cat((backward, forward), dim=1)))
        x = _leaky(self.upsample1(x))
        x = _leaky(self.upsample2(x))
        detail: Tensor = self.conv_last(_leaky(self.conv_hr(x)))
        return detail


def enlarge(frame: Tensor) -> Tensor:
    """Enlarge (N, C, H, W) to (N, C, 4H, 4W) bilinearly; the learned detail is added to this."""
    return F.interpolate(frame, scale_factor=SCALE, mode="bilinear", align_corners=False)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)
