"""Pictures brought to host memory while the device goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


def on_host(pictures: Iterable[Tensor], dtype: torch.dtype = torch.float32) -> Iterator[Tensor]:
    """The same pictures in host memory, in order; from a GPU each is copied while the next is made.

    Held: one picture more than `pictures` itself holds, in pinned memory.

    Args:
        pictures: on one device or several, float.
        dtype: what they are converted to, on the device.
    """
    waiting: tuple[Tensor, torch.cuda.Event] | None = None
    for picture in pictures:
        if picture.device.type != "cuda":
            yield picture.to("cpu", dtype)
            del picture  # before the next is made
            continue
        begun = _begin(picture.to(dtype))
        if waiting:
            yield _finished(*waiting)
        waiting = begun
    if waiting:
        yield _finished(*waiting)


def _begin(picture: Tensor) -> tuple[Tensor, torch.cuda.Event]:
    """A copy on its way beside the device's other work, and the event of its arrival."""
    device = picture.device
    copy = torch.empty(picture.shape, dtype=picture.dtype, pin_memory=True)
    made = torch.cuda.current_stream(device)
    beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    beside.wait_stream(made)
    with torch.cuda.stream(beside):
        copy.copy_(picture, non_blocking=True)
    picture.record_stream(beside)  # its memory is not given to others before the copy is done
    return copy, beside.record_event()


def _finished(copy: Tensor, arrived: torch.cuda.Event) -> Tensor:
    arrived.synchronize()
    return copy
