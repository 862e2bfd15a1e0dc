"""The network's parts as functions of tensors, and the ways to run them: the setting `acceleration`.

The plain network stays the reference; what is here is compared with it by tests.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast

import platformdirs
import torch
from torch import Tensor

from vsrealbasicvsr.engine.acceleration.cuda_graphs import Graphed
from vsrealbasicvsr.engine.acceleration.in_place import detail_in_place, trunk_in_place
from vsrealbasicvsr.engine.acceleration.tensorrt import by_tensorrt, check_tensorrt
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import BasicVSR
from vsrealbasicvsr.network.cleaning import Cleaning
from vsrealbasicvsr.network.layers import Trunk
from vsrealbasicvsr.settings import Acceleration

Direction = Literal["backward", "forward"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Each takes and gives (N, C, H, W), channels last where it convolves, and keeps no state."""

    cleaning: Callable[[Tensor], Tensor] | None
    """A picture's residue; None where the weights have no cleaning network."""
    flow: Callable[[Tensor, Tensor], Tensor]
    """SPyNet, float32: what aligns the second picture with the first."""
    advance: Mapping[Direction, Callable[..., Tensor]]
    """A step of propagation: (picture) where a shot starts, else (picture, rows, features, flow): a strip of
    the frame arrived at, which rows of it these are, (h,), float32, the features of the whole frame left, and
    the flow aligning them with the strip. Returns the strip's features, in the picture's dtype."""
    detail: Callable[[Tensor, Tensor], Tensor]
    """Backward and forward features to the learned detail, four times the width and height."""
    cleaning_reach: int
    """Rows that a row of cleaning depends on, above and below."""
    trunk_reach: int
    """The same of the convolutions in `advance`."""
    network: RealBasicVSR
    """Whose weights they compute with: a copy, on the device."""


def check_acceleration(acceleration: Acceleration, device: torch.device) -> None:
    """Find out that parts cannot be run so on a device.

    Raises:
        SettingsError: `graphs`, `fused` or `tensorrt` on a device that is no GPU; no torch-tensorrt.
    """
    if acceleration in ("graphs", "fused", "tensorrt") and device.type != "cuda":
        raise SettingsError(f"acceleration {acceleration!r} needs a CUDA device, not {device}; use auto.")
    if acceleration == "tensorrt":
        check_tensorrt()


def make_parts(
    network: RealBasicVSR, device: torch.device, dtype: torch.dtype, acceleration: Acceleration
) -> Parts:
    """The parts of a network on a device.

    Args:
        network: copied, not changed.
        device: where they run.
        dtype: arithmetic of cleaning, trunks and reconstruction.
        acceleration: `off` runs the plain modules; `auto` the same with activations in place; `graphs`
            replays that as CUDA graphs; `fused` has Triton kernels between the convolutions, in graphs;
            `compile` leaves all to `torch.compile`, `tensorrt` to TensorRT. On a CPU none was measured to be
            faster than `auto` (benchmarks/README.md); on a GPU nothing was measured yet.

    Raises:
        SettingsError: see `check_acceleration`.
    """
    check_acceleration(acceleration, device)
    own = copy.deepcopy(network).eval().requires_grad_(False)
    own.to(device, dtype).to(memory_format=torch.channels_last)  # on CPUs 1.3 to 1.7 times NCHW's speed
    own.basicvsr.spynet = copy.deepcopy(network.basicvsr.spynet).eval().requires_grad_(False)
    own.basicvsr.spynet.to(device, torch.float32).to(memory_format=torch.channels_last)
    plain = _plain(own)
    if acceleration == "off":
        return plain
    # PyTorch's and TensorRT's own places are emptied when the machine starts.
    kept = platformdirs.user_cache_path("vsrealbasicvsr", appauthor=False)
    if acceleration == "tensorrt":
        return _each(plain, by_tensorrt(device, kept / "tensorrt"))
    if acceleration == "compile":
        # Read when the first part is compiled.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(kept / "compiled"))
        return _each(plain, partial(torch.compile, fullgraph=True, dynamic=False))
    if acceleration == "fused":
        return _each(_fused(own, plain), Graphed)
    in_place = _in_place(own, plain)
    return _each(in_place, Graphed) if acceleration == "graphs" else in_place


def _plain(network: RealBasicVSR) -> Parts:
    return Parts(
        cleaning=network.cleaning,
        flow=network.basicvsr.spynet,
        advance=_advances(network.basicvsr, lambda trunk, joined: trunk(joined)),
        detail=network.basicvsr.detail,
        cleaning_reach=network.cleaning.reach if network.cleaning else 0,
        trunk_reach=network.basicvsr.forward_resblocks.reach,
        network=network,
    )


def _in_place(network: RealBasicVSR, parts: Parts) -> Parts:
    return replace(
        parts,
        cleaning=network.cleaning and partial(_residue, network.cleaning, trunk_in_place),
        advance=_advances(network.basicvsr, trunk_in_place),
        detail=partial(detail_in_place, network.basicvsr),
    )


def _fused(network: RealBasicVSR, parts: Parts) -> Parts:
    from vsrealbasicvsr.engine.acceleration import kernels

    return replace(
        parts,
        cleaning=network.cleaning and partial(_residue, network.cleaning, kernels.fused_trunk),
        advance=_advances(network.basicvsr, kernels.fused_trunk, kernels.warp_and_join),
        detail=partial(kernels.fused_detail, network.basicvsr),
    )


def _residue(cleaning: Cleaning, run: Callable[[Trunk, Tensor], Tensor], picture: Tensor) -> Tensor:
    """What `cleaning(picture)` gives, with its trunk run in some way."""
    trunk, last = cleaning
    residue: Tensor = last(run(cast(Trunk, trunk), picture))
    return residue


def _advances(
    basicvsr: BasicVSR,
    run: Callable[[Trunk, Tensor], Tensor],
    join: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None,
) -> dict[Direction, Callable[..., Tensor]]:
    """Alignment and a way to run a trunk, for each direction's trunk; `join` aligns whole pictures faster."""

    def advance(
        trunk: Trunk,
        picture: Tensor,
        rows: Tensor | None = None,
        features: Tensor | None = None,
        flow: Tensor | None = None,
    ) -> Tensor:
        if join and features is not None and flow is not None and picture.shape[-2:] == features.shape[-2:]:
            joined = join(picture, features, flow)
        else:
            joined = torch.cat((picture, basicvsr.align(picture, features, flow, rows)), dim=1)
        return run(trunk, joined)

    return {
        "backward": partial(advance, basicvsr.backward_resblocks),
        "forward": partial(advance, basicvsr.forward_resblocks),
    }


def _each(parts: Parts, wrapped: Callable[[Callable[..., Tensor]], Callable[..., Tensor]]) -> Parts:
    """All parts, wrapped."""
    return replace(
        parts,
        cleaning=parts.cleaning and wrapped(parts.cleaning),
        flow=wrapped(parts.flow),
        advance={direction: wrapped(advance) for direction, advance in parts.advance.items()},
        detail=wrapped(parts.detail),
    )
