"""Compiles every kernel for a GPU that is not here, to its machine code, and launches none.

`python -m tests.engine.acceleration.kernel_compilation 80` for compute capability 8.0; prints the names of
the kernels. The interpreter takes Python that the compiler refuses, so a machine without a GPU needs both.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction

from vsrealbasicvsr.engine.acceleration import kernels


class AbsentGpu:
    """As much of a driver as the compiler asks."""

    def __init__(self, capability: int) -> None:
        self._capability = capability

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", self._capability, 32)


def call_every_kernel(n: int, channels: int, height: int, width: int, dtype: torch.dtype) -> None:
    features = torch.zeros(n, channels, height, width, dtype=dtype).contiguous(
        memory_format=torch.channels_last
    )
    bias = torch.zeros(4 * channels, dtype=dtype)
    picture = torch.zeros(n, 3, height, width)
    kernels.warp_and_join(picture, features, torch.zeros(n, 2, height, width))
    for slope in (0.0, 0.1):
        kernels.add_bias_and_activate(features, bias[:channels], slope)
    kernels.add_bias_and_skip(features, bias[:channels], features)
    kernels.shuffle_and_activate(torch.zeros(n, 4 * channels, height, width, dtype=dtype), bias, 0.1)


def main() -> None:
    compiled: list[str] = []
    launch = JITFunction.run

    def compile_only(kernel: JITFunction[Any], *arguments: Any, warmup: bool, **options: Any) -> None:
        assert launch(kernel, *arguments, warmup=True, **options).asm["cubin"]
        compiled.append(kernel.__name__)

    JITFunction.run = compile_only
    triton.runtime.driver.set_active(AbsentGpu(int(sys.argv[1])))
    call_every_kernel(1, 64, 16, 32, torch.float16)
    call_every_kernel(2, 3, 5, 7, torch.bfloat16)
    call_every_kernel(1, 8, 1, 1, torch.float32)  # Triton makes constants of sizes that are 1
    json.dump(compiled, sys.stdout)


if __name__ == "__main__":
    main()
