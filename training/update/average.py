"""The moving average of the generator's weights (specification, section 6.4)."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, live: nn.Module, decay: float) -> None:
    """Move the average towards the trained weights by 1 - decay; copy frozen weights and buffers.

    Args:
        average: the averaged network, of the same kind as `live`; changed in place.
        live: the network after its optimiser's step.
        decay: decay of the average, 0 to 1.
    """
    for mean, parameter in zip(average.parameters(), live.parameters(), strict=True):
        if parameter.requires_grad:
            mean.lerp_(parameter, 1.0 - decay)
        else:
            mean.copy_(parameter)
    for copy, buffer in zip(average.buffers(), live.buffers(), strict=True):
        copy.copy_(buffer)
