"""What the backward passes of both networks have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from training.stage import OptimizerOptions


def autocast(options: OptimizerOptions, device: torch.device) -> AbstractContextManager[None]:
    """The precision in which networks and losses are computed."""
    half = options.precision == "bf16"
    context: AbstractContextManager[None] = torch.autocast(device.type, torch.bfloat16, enabled=half)
    return context


def add(sums: dict[str, Tensor], losses: Mapping[str, Tensor]) -> None:
    """Add the losses of a part to the sums over its batch, in place."""
    for name, value in losses.items():
        sums[name] = sums.get(name, 0.0) + value.detach().float()


def clipped_norm(module: nn.Module, limit: float) -> float:
    """The gradient's length before it is shortened to the limit; 0 is no limit."""
    return float(nn.utils.clip_grad_norm_(module.parameters(), limit or math.inf))


def are_finite(*values: float) -> bool:
    """Whether none is infinite or no number."""
    return all(map(math.isfinite, values))
