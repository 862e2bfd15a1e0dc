"""The paper's ablation: recurrent cleaning, which uses the frames before, instead of cleaning single images.

It shows that a recurrent cleaner propagates artefacts, which cleaning must prevent (paper section 3.2). The
filter does not load such a network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.layers import Trunk


class RecurrentlyCleaned(RealBasicVSR):
    """RealBasicVSR whose cleaning network also gets its own features of the previous frame, aligned by flow.

    Args:
        mid_channels: width of the trunks.
        num_propagation_blocks: residual blocks in each direction.
        num_cleaning_blocks: residual blocks of the recurrent cleaning network.
    """

    def __init__(self, mid_channels: int, num_propagation_blocks: int, num_cleaning_blocks: int) -> None:
        super().__init__(mid_channels, num_propagation_blocks, 0)
        self.recurrent_cleaning = nn.ModuleList(
            (
                Trunk(mid_channels + 3, mid_channels, num_cleaning_blocks),
                nn.Conv2d(mid_channels, 3, 3, padding=1),
            )
        )

    def clean(self, frames: Tensor, **_: object) -> Tensor:
        """Clean a clip (N, T, 3, H, W) in order, in one pass; the result has the same shape, not clamped."""
        trunk, last = self.recurrent_cleaning
        to_next = self.basicvsr.flows(frames)[1]
        features: Tensor | None = None
        cleaned = []
        for i in range(frames.shape[1]):
            flow = to_next[:, i - 1] if i else None
            features = self.basicvsr.propagate(trunk, frames[:, i], features, flow)
            cleaned.append(frames[:, i] + last(features))
        return torch.stack(cleaned, dim=1)
