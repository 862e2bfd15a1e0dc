"""Memory that is lacking: how it is told from other errors, and how it is told to the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def memory_errors(text: str) -> Iterator[None]:
    """Turn a lack of memory in the block into this text.

    Raises:
        RestorationError: memory was lacking. It keeps nothing alive of what the failed work held.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        # The frames of its traceback hold the work's tensors.
        raise RestorationError(text) from error.with_traceback(None)
