"""What every kernel's caller needs: how to launch it, memory formats, refusal of what does not fit."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor
from triton.runtime import KernelInterface


def launch(
    kernel: KernelInterface, device: torch.device, programs: int, *arguments: object, **constants: object
) -> None:
    """Run a kernel as often as there are programs, below 2^31 of them, on the device of its tensors."""
    # Triton takes the current device, wherever the tensors are. On the CPU the tests interpret kernels.
    current = torch.cuda.device(device) if device.type == "cuda" else nullcontext()
    with current:
        # No multiplication joined with an addition: numbers are rounded where torch rounds them, so that
        # halves are quantised alike, and memory is the limit anyway.
        kernel[(programs,)](*arguments, **constants, enable_fp_fusion=False)


def channels_last(x: Tensor) -> Tensor:
    """(N, C, H, W) in memory as (N, H, W, C); copied only where it is not."""
    return x.contiguous(memory_format=torch.channels_last)


def require_channels_last(x: Tensor) -> None:
    """Refuse what would have to be copied, for what is written in place."""
    if not x.is_contiguous(memory_format=torch.channels_last):
        raise ValueError(
            f"{tuple(x.shape)} with strides {x.stride()} is not channels-last; "
            "convert it with contiguous(memory_format=torch.channels_last)."
        )


def require_shape(name: str, x: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse another shape: a kernel would read beyond it."""
    if x.shape != shape:
        raise ValueError(f"{name} is {tuple(x.shape)} and must be {tuple(shape)}.")
