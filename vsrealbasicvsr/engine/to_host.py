"""Pictures brought to host memory while the device goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

Finish = Callable[[Tensor], Tensor]
"""What is done to a picture where it was made, before it is copied: there it takes less time, and less may be
left to copy."""


def on_host(pictures: Iterable[Tensor], finish: Finish = Tensor.float) -> Iterator[Tensor]:
    """The same pictures in host memory, in order; from a GPU each is copied while the next is made.

    Held: one picture more than `pictures` itself holds, in pinned memory.

    Args:
        pictures: on one device or several, float.
        finish: what is done to each on its device.
    """
    waiting: tuple[Tensor, torch.cuda.Event] | None = None
    for picture in pictures:
        finished = finish(picture)
        del picture  # before the next is made
        if finished.device.type != "cuda":
            yield finished.cpu()
            del finished
            continue
        begun = _begin(finished)
        del finished
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
