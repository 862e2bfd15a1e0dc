"""Triton kernels for what stands between the network's convolutions, and the network's parts run with them.

For inference on a CUDA device, in float16, bfloat16 or float32; sums are float32 always. Nothing here has a
gradient. Imports Triton, so it is imported where its speed is asked for, never before.
"""

from vsrealbasicvsr.engine.acceleration.kernels.convolution import (
    add_bias_and_activate,
    add_bias_and_skip,
    shuffle_and_activate,
)
from vsrealbasicvsr.engine.acceleration.kernels.fused import fused_detail, fused_trunk
from vsrealbasicvsr.engine.acceleration.kernels.warp import warp_and_join

__all__ = [
    "add_bias_and_activate",
    "add_bias_and_skip",
    "fused_detail",
    "fused_trunk",
    "shuffle_and_activate",
    "warp_and_join",
]
