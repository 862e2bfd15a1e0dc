"""Memory that is lacking: how it is told from other errors, and how it is told to the user."""

from __future__ import annotations

from types import TracebackType

import torch

from vsrealbasicvsr.errors import RestorationError

_WORDS = (
    "DefaultCPUAllocator",
    "CUDA error: out of memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""Of errors on the CPU, and of libraries on a GPU."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was lacking; PyTorch has a class for it only where its own allocator failed."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _WORDS)


class MemoryErrors:
    """Turns a lack of memory in its block into one sentence.

    Args:
        text: that sentence.

    Raises:
        RestorationError: memory was lacking. It keeps nothing alive of what the failed work held.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Its frames hold the work's tensors, and what is raised here holds this frame (contextlib's, too).
        del traceback
        if error is not None and is_out_of_memory(error):
            raise RestorationError(self._text) from error.with_traceback(None)
