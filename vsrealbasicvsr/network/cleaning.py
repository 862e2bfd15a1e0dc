"""Image cleaning and its dynamic refinement (SPEC 1.1, 4; paper section 3.2, Eq. 5)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from vsrealbasicvsr.network.layers import Trunk

Refinement = Literal["frame", "sequence"]


class Cleaning(nn.Sequential):
    """The residual image-cleaning network: what it returns is added to its input."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__(Trunk(3, channels, blocks), nn.Conv2d(channels, 3, 3, padding=1))
        self.reach = 2 + 2 * blocks
        """How many rows and columns away a pixel still matters."""

    def refine(self, frames: Tensor, threshold: float, max_passes: int, unit: Refinement) -> Tensor:
        """Clean again and again while a pass still changes the frame (SPEC 4).

        Args:
            frames: (N, T, 3, H, W), RGB, 0-1.
            threshold: mean absolute residue on the 0-255 scale below which cleaning stops.
            max_passes: passes at most; at least one is made.
            unit: `frame` decides for every frame by itself (Eq. 5), `sequence` once for the whole
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
