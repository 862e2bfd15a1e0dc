"""The network's parts as functions of tensors, and the ways to run them: the setting `acceleration`.

The plain network stays the reference; what is here is compared with it by tests.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from vsrealbasicvsr.engine.graphed import Graphed
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.layers import Trunk
from vsrealbasicvsr.settings import Acceleration

Direction = Literal["backward", "forward"]
Chosen = Literal["off", "compile", "graphs", "fused"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Each takes and gives (N, C, H, W), channels last where it convolves, and keeps no state."""

    cleaning: Callable[[Tensor], Tensor] | None
    """A picture's residue; None where the weights have no cleaning network."""
    flow: Callable[[Tensor, Tensor], Tensor]
    """SPyNet, float32: what aligns the second picture with the first."""
    align: Callable[[Tensor, Tensor | None, Tensor | None], Tensor]
    """A picture, its neighbour's features and the flow to the features as they lie in the picture."""
    arrive: Mapping[Direction, Callable[[Tensor, Tensor], Tensor]]
    """A picture and aligned features to its own features."""
    detail: Callable[[Tensor, Tensor], Tensor]
    """Backward and forward features to the learned detail, four times the width and height."""
    cleaning_reach: int
    """Rows that a row of cleaning depends on, above and below."""
    trunk_reach: int
    """The same of `arrive`."""


def make_parts(
    network: RealBasicVSR, device: torch.device, dtype: torch.dtype, acceleration: Acceleration
) -> Parts:
    """The parts of a network on a device.

    Args:
        network: copied, not changed.
        device: where they run.
        dtype: arithmetic of cleaning, trunks and reconstruction.
        acceleration: see `choose`.

    Raises:
        SettingsError: the device has no such way.
    """
    own = copy.deepcopy(network).eval().requires_grad_(False)
    own.to(device, dtype).to(memory_format=torch.channels_last)  # on CPUs 1.3 to 1.7 times NCHW's speed
    own.basicvsr.spynet = copy.deepcopy(network.basicvsr.spynet).eval().requires_grad_(False)
    own.basicvsr.spynet.to(device, torch.float32).to(memory_format=torch.channels_last)
    chosen = choose(acceleration, device)
    plain = _plain(own)
    if chosen == "compile":
        return _each(plain, partial(torch.compile, fullgraph=True, dynamic=False))
    if chosen == "graphs":
        return _each(plain, Graphed)
    return plain


def choose(acceleration: Acceleration, device: torch.device) -> Chosen:
    """What the setting means on a device: `auto` is eager PyTorch, channels last, on both.

    On CPUs nothing else was measured to be faster (benchmarks/README.md); on GPUs nothing was measured yet.

    Raises:
        SettingsError: `graphs` or `fused` on a device that is no GPU.
    """
    if acceleration == "auto":
        return "off"
    if acceleration in ("graphs", "fused") and device.type != "cuda":
        raise SettingsError(f"acceleration {acceleration!r} needs a CUDA device, not {device}; use auto.")
    return acceleration


def _plain(network: RealBasicVSR) -> Parts:
    basicvsr = network.basicvsr
    trunks: dict[Direction, Trunk] = {
        "backward": basicvsr.backward_resblocks,
        "forward": basicvsr.forward_resblocks,
    }
    return Parts(
        cleaning=network.cleaning,
        flow=basicvsr.spynet,
        align=basicvsr.align,
        arrive={direction: partial(basicvsr.arrive, trunk) for direction, trunk in trunks.items()},
        detail=basicvsr.detail,
        cleaning_reach=network.cleaning.reach if network.cleaning else 0,
        trunk_reach=basicvsr.forward_resblocks.reach,
    )


def _each(parts: Parts, wrapped: Callable[[Callable[..., Tensor]], Callable[..., Tensor]]) -> Parts:
    """All parts that convolve, wrapped."""
    return replace(
        parts,
        cleaning=parts.cleaning and wrapped(parts.cleaning),
        flow=wrapped(parts.flow),
        arrive={direction: wrapped(arrive) for direction, arrive in parts.arrive.items()},
        detail=wrapped(parts.detail),
    )
