"""A function of tensors replayed as a CUDA graph, so that many small kernels cost one launch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_KEPT = 8
"""Graphs kept for each function: pictures of one size, and their strips, have at most three shapes."""
_WARM_UPS = 2
"""Calls before a capture, in which libraries choose their algorithms and take their workspace."""


@dataclass(frozen=True, slots=True)
class _Captured:
    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    output: Tensor


class Graphed:
    """Captures the function at the first call with tensors of a shape, and replays it from then on.

    The last shapes' graphs are kept, each with the memory of its intermediate results. For one thread at a
    time.

    Args:
        function: from CUDA tensors to one CUDA tensor, without looking at values on the host.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._captured: OrderedDict[object, _Captured] = OrderedDict()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """What the function gives, in memory of its own."""
        key = tuple((one.shape, one.stride(), one.dtype, one.device) for one in inputs)
        if key not in self._captured:
            self._captured[key] = self._capture(inputs)
            if len(self._captured) > _KEPT:
                self._captured.popitem(last=False)
        self._captured.move_to_end(key)
        captured = self._captured[key]
        for place, given in zip(captured.inputs, inputs, strict=True):
            place.copy_(given)
        captured.graph.replay()
        return captured.output.clone()

    def _capture(self, inputs: tuple[Tensor, ...]) -> _Captured:
        places = tuple(one.clone() for one in inputs)
        current = torch.cuda.current_stream(places[0].device)
        aside = torch.cuda.Stream(places[0].device)  # type: ignore[no-untyped-call]
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                self._function(*places)
        current.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile: only this one must not wait for it.
        with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
            output = self._function(*places)
        return _Captured(graph, places, output)
