"""Stacks of convolutions computed in horizontal strips (docs/how-it-works.md, "Strips")."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def in_strips(work: Callable[..., Tensor], *inputs: Tensor, rows: int, halo: int, scale: int = 1) -> Tensor:
    """What `work` gives for whole pictures, computed a strip at a time, with as much context as it reaches.

    Equal to the whole up to the order of a convolution's sums. The picture's own border stays where it is, so
    that padding there is the same.

    Args:
        work: from pictures of one height to a picture `scale` times as high and wide.
        inputs: (N, C, H, W), of one size.
        rows: height of a strip without its context, 1 at least.
        halo: rows of context that a row depends on, above and below.
        scale: of the output.
    """
    height = inputs[0].shape[-2]
    if rows >= height:
        return work(*inputs)
    whole: Tensor | None = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start, stop = max(top - halo, 0), min(bottom + halo, height)
        strip = work(*(picture[:, :, start:stop] for picture in inputs))
        if whole is None:
            shape = (*strip.shape[:2], scale * height, strip.shape[3])
            kept = torch.channels_last if strip.is_contiguous(memory_format=torch.channels_last) else None
            whole = torch.empty(
                shape, dtype=strip.dtype, device=strip.device, memory_format=kept or torch.contiguous_format
            )
        inner = slice(scale * (top - start), scale * (bottom - start))
        whole[:, :, scale * top : scale * bottom] = strip[:, :, inner]
        del strip  # before the next is made
    assert whole is not None  # a picture has a row
    return whole
