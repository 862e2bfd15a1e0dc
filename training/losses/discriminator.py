"""The U-Net discriminator with spectral normalisation (specification 5; Real-ESRGAN, section 3.3)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.errors import TrainingError

_EPSILON = 1e-12
_MULTIPLE = 8
_SETTLING = 15  # initial iterations, as in PyTorch's own parametrisation


class SpectralConv2d(nn.Module):
    """A convolution whose weight is divided by its largest singular value (specification, section 5).

    The value is estimated by power iteration: one step per forward pass in training mode, none in evaluation
    mode. It is computed in float32 also under autocast, because an estimate in half precision drifts.
    PyTorch's own hook fails under autocast, and a network with the hook cannot be copied.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        kernel_size: side of the kernel in pixels.
        stride: stride in pixels.
        padding: pixels of zeros on each side.
        bias: whether each channel has a bias, which is initialised as in PyTorch's own convolutions.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int = 1,
        *,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self._stride, self._padding = stride, padding
        self.weight_orig = nn.Parameter(torch.empty(channels_out, channels_in, kernel_size, kernel_size))
        nn.init.kaiming_uniform_(self.weight_orig, a=math.sqrt(5))
        for name, length in (("weight_u", channels_out), ("weight_v", channels_in * kernel_size**2)):
            self.register_buffer(name, F.normalize(torch.randn(length), dim=0, eps=_EPSILON))
        bound = 1.0 / math.sqrt(channels_in * kernel_size**2)
        self.bias = nn.Parameter(torch.empty(channels_out).uniform_(-bound, bound)) if bias else None

    def forward(self, features: Tensor) -> Tensor:
        """Convolve (B, C, H, W) features."""
        with torch.autocast(features.device.type, enabled=False):
            weight = self._normalised()
        return F.conv2d(features, weight, self.bias, stride=self._stride, padding=self._padding)

    def settle(self) -> None:
        """Iterate until the initial weight's largest singular value is known to a few percent."""
        for _ in range(_SETTLING):
            self._iterated(self.weight_orig.detach().flatten(1))

    def _normalised(self) -> Tensor:
        matrix = self.weight_orig.flatten(1)
        # Copies, because the next forward pass changes the buffers before this one's backward pass.
        u, v = self._iterated(matrix.detach()) if self.training else (self.weight_u, self.weight_v)
        return self.weight_orig / torch.dot(u.clone(), matrix @ v.clone())

    @torch.no_grad()
    def _iterated(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        self.weight_v.copy_(F.normalize(matrix.T @ self.weight_u, dim=0, eps=_EPSILON))
        self.weight_u.copy_(F.normalize(matrix @ self.weight_v, dim=0, eps=_EPSILON))
        return self.weight_u, self.weight_v


class Discriminator(nn.Module):
    """A network that tells restored frames from real frames, pixel by pixel (specification, section 5).

    State-dict names and shapes are those of the authors. The initial weights come from PyTorch's random
    generator, which the caller seeds.

    Args:
        mid_channels: channels at full size.
    """

    def __init__(self, mid_channels: int = 64) -> None:
        super().__init__()
        one, two, four, eight = (mid_channels * factor for factor in (1, 2, 4, 8))
        self.conv_0 = nn.Conv2d(3, one, 3, padding=1)
        self.conv_1 = SpectralConv2d(one, two, 4, stride=2)
        self.conv_2 = SpectralConv2d(two, four, 4, stride=2)
        self.conv_3 = SpectralConv2d(four, eight, 4, stride=2)
        self.conv_4 = SpectralConv2d(eight, four)
        self.conv_5 = SpectralConv2d(four, two)
        self.conv_6 = SpectralConv2d(two, one)
        self.conv_7 = SpectralConv2d(one, one)
        self.conv_8 = SpectralConv2d(one, one)
        self.conv_9 = nn.Conv2d(one, 1, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Judge every pixel.

        Args:
            frames: (B, 3, H, W), RGB, 0-1; H and W multiples of 8.

        Returns:
            (B, 1, H, W) logits, positive where a frame looks real.

        Raises:
            TrainingError: H or W is not a multiple of 8.
        """
        height, width = frames.shape[-2:]
        if height % _MULTIPLE or width % _MULTIPLE:
            raise TrainingError(
                f"The discriminator needs frames whose sides are multiples of {_MULTIPLE} pixels, not "
                f"{width}x{height}: choose another patch size."
            )
        full = _activated(self.conv_0(frames))
        half = _activated(self.conv_1(full))
        quarter = _activated(self.conv_2(half))
        eighth = _activated(self.conv_3(quarter))
        features = _activated(self.conv_4(_doubled(eighth))) + quarter
        features = _activated(self.conv_5(_doubled(features))) + half
        features = _activated(self.conv_6(_doubled(features))) + full
        features = _activated(self.conv_8(_activated(self.conv_7(features))))
        logits: Tensor = self.conv_9(features)
        return logits


def _activated(features: Tensor) -> Tensor:
    return F.leaky_relu(features, 0.2)


def _doubled(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
