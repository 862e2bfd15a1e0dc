"""Common functions for the backward passes of generator and discriminator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from training.stage import OptimizerOptions


def autocast(options: OptimizerOptions, device: torch.device) -> AbstractContextManager[None]:
    """Return the autocast context for the precision of networks and losses."""
    half = options.precision == "bf16"
    context: AbstractContextManager[None] = torch.autocast(device.type, torch.bfloat16, enabled=half)
    return context


def add(sums: dict[str, Tensor], losses: Mapping[str, Tensor]) -> None:
    """Add the losses of a part to the sums over its batch, in place."""
    for name, value in losses.items():
        sums[name] = sums.get(name, 0.0) + value.detach().float()


def clipped_norm(module: nn.Module, limit: float) -> float:
    """Shorten the gradient to the limit; return its length before. 0 is no limit."""
    return float(nn.utils.clip_grad_norm_(module.parameters(), limit or math.inf))


def are_finite(*values: float) -> bool:
    """Return whether all values are finite numbers."""
    return all(map(math.isfinite, values))
