"""Image cleaning and its dynamic refinement (specification, sections 1.1, 4; paper section 3.2, Eq. 5)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from vsrealbasicvsr.network.layers import Trunk

Refinement = Literal["frame", "sequence"]


class Cleaning(nn.Sequential):
    """The residual image-cleaning network; its output is added to its input."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__(Trunk(3, channels, blocks), nn.Conv2d(channels, 3, 3, padding=1))
        self.reach = 2 + 2 * blocks
        """Receptive field: the number of rows or columns on each side that affect a pixel."""

    def refine(self, frames: Tensor, threshold: float, max_passes: int, unit: Refinement) -> Tensor:
        """Clean frames repeatedly, until a pass changes them little (specification, section 4).

        Args:
            frames: (N, T, 3, H, W), RGB, 0-1.
            threshold: mean absolute residue, on the 0-255 scale, below which cleaning stops.
            max_passes: maximum number of passes, at least 1.
            unit: `frame` decides for each frame separately (Eq. 5); `sequence` decides once for the whole
                call, as the released code does.

        Returns:
            (N, T, 3, H, W), cleaned, not clamped.
        """
        flat = frames.flatten(0, 1)
        active = torch.arange(len(flat), device=flat.device)
        for _ in range(max_passes):
            residue = self(flat[active]).to(flat.dtype)  # autocast computes it in half precision
            flat = flat.index_add(0, active, residue)
            change = residue.detach().abs().mean((1, 2, 3))
            if unit == "sequence":
                change = change.mean().expand_as(change)
            active = active[change >= threshold / 255.0]
            if not len(active):
                break
        return flat.view_as(frames)
